#include "support/fake_remote_host.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "crypto/digest.hpp"

namespace hatchery::support {

namespace {

using base::Effect;
using base::Error;
using base::ErrorKind;
using base::fail;
using base::Result;
using ports::RunOutput;
using ports::RunState;
using ports::SshTarget;

Error error_of(ErrorKind kind, std::string message, Effect effect = Effect::none) {
    Error error = fail(kind, std::move(message)).value();
    error.effect = effect;
    return error;
}

/// As many bytes as the line has in the real log: `O 1763704512.042 text\n`.
std::uint64_t bytes_of(const std::string& text) { return 17 + text.size() + 1; }

bool is_run_id(const std::string& id) {
    return !id.empty() && id.size() <= 64 && id.front() != '-' &&
           id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

}  // namespace

class FakeRemoteHost::FakeTunnel final : public ports::Tunnel {
public:
    FakeTunnel(std::string path, std::shared_ptr<bool> stands, std::mutex& mutex)
        : path_(std::move(path)), stands_(std::move(stands)), mutex_(mutex) {}
    std::string socket_path() const override { return path_; }
    bool alive() const override {
        const std::scoped_lock lock(mutex_);
        return *stands_;
    }

private:
    std::string path_;
    std::shared_ptr<bool> stands_;
    std::mutex& mutex_;
};

FakeRemoteHost::FakeRemoteHost(const base::Clock& clock, Options options)
    : clock_(clock), options_(options) {}

void FakeRemoteHost::add_server(const std::string& host, const std::string& host_key) {
    const std::scoped_lock lock(mutex_);
    servers_[host] = Server{};
    servers_[host].host_key = host_key;
}

void FakeRemoteHost::replace_host_key(const std::string& host, const std::string& host_key) {
    const std::scoped_lock lock(mutex_);
    servers_[host].host_key = host_key;
}

void FakeRemoteHost::authorize_only(const std::string& host, const base::Secret& private_key) {
    const std::scoped_lock lock(mutex_);
    servers_[host].only_key = private_key;
}

void FakeRemoteHost::take_down(const std::string& host) {
    const std::scoped_lock lock(mutex_);
    Server& server = servers_[host];
    server.up = false;
    *std::exchange(server.tunnels_stand, std::make_shared<bool>(true)) = false;
}

void FakeRemoteHost::bring_up(const std::string& host) {
    const std::scoped_lock lock(mutex_);
    servers_[host].up = true;
}

void FakeRemoteHost::restart(const std::string& host) {
    const std::scoped_lock lock(mutex_);
    Server& server = servers_[host];
    *std::exchange(server.tunnels_stand, std::make_shared<bool>(true)) = false;
    for (auto& [id, run] : server.runs) {
        if (state_of(run) != RunState::running) continue;
        run.cut_at = clock_.now();
        run.lost = true;
    }
}

void FakeRemoteHost::replace_server(const std::string& host) {
    const std::scoped_lock lock(mutex_);
    *servers_[host].tunnels_stand = false;
    servers_.erase(host);
}

void FakeRemoteHost::break_tunnels(const std::string& host) {
    const std::scoped_lock lock(mutex_);
    *std::exchange(servers_[host].tunnels_stand, std::make_shared<bool>(true)) = false;
}

void FakeRemoteHost::plan(const std::string& script, Plan plan) {
    const std::scoped_lock lock(mutex_);
    plans_[script] = std::move(plan);
}

void FakeRemoteHost::plan_next(const std::string& script, Plan plan) {
    const std::scoped_lock lock(mutex_);
    next_plans_[script].push_back(std::move(plan));
}

void FakeRemoteHost::fail_next(Method method, int times, Error error) {
    const std::scoped_lock lock(mutex_);
    failures_.push_back({method, times, std::move(error)});
}

void FakeRemoteHost::fail_next(Method method, int times, ErrorKind kind) {
    fail_next(method, times, error_of(kind, "the fake server was told to fail"));
}

void FakeRemoteHost::lose_next_answers(Method method, int times) {
    const std::scoped_lock lock(mutex_);
    lost_answers_[method] += times;
}

void FakeRemoteHost::on_exec(ExecHandler handler) {
    const std::scoped_lock lock(mutex_);
    exec_handler_ = std::move(handler);
}

void FakeRemoteHost::before_each_call(std::function<void(Method)> hook) {
    const std::scoped_lock lock(mutex_);
    hook_ = std::move(hook);
}

std::vector<FakeRemoteHost::RecordedCall> FakeRemoteHost::calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
}

int FakeRemoteHost::calls_of(Method method) const {
    const std::scoped_lock lock(mutex_);
    return static_cast<int>(
        std::ranges::count_if(calls_, [&](const auto& call) { return call.method == method; }));
}

int FakeRemoteHost::starts_of(const std::string& script) const {
    const std::scoped_lock lock(mutex_);
    const auto found = starts_.find(script);
    return found == starts_.end() ? 0 : found->second;
}

std::optional<FakeRemoteHost::File> FakeRemoteHost::file(const std::string& host,
                                                         const std::string& path) const {
    const std::scoped_lock lock(mutex_);
    const auto server = servers_.find(host);
    if (server == servers_.end()) return std::nullopt;
    const auto found = server->second.files.find(path);
    if (found == server->second.files.end()) return std::nullopt;
    return found->second;
}

std::map<std::string, std::string> FakeRemoteHost::environment(const std::string& host,
                                                               const std::string& run_id) const {
    const std::scoped_lock lock(mutex_);
    const auto server = servers_.find(host);
    if (server == servers_.end()) return {};
    const auto run = server->second.runs.find(run_id);
    return run == server->second.runs.end() ? std::map<std::string, std::string>{}
                                            : run->second.environment;
}

Result<FakeRemoteHost::Server*> FakeRemoteHost::enter(Method method, const SshTarget& target,
                                                      const std::string& about,
                                                      const base::Call& call,
                                                      std::unique_lock<std::mutex>& lock) {
    std::function<void(Method)> hook;
    {
        const std::scoped_lock first(mutex_);
        calls_.push_back({method, target.host, about});
        hook = hook_;
    }
    if (hook) hook(method);
    lock = std::unique_lock(mutex_);
    if (call.stop.stop_requested()) {
        return fail(error_of(ErrorKind::cancelled, "the call was cancelled"));
    }
    if (call.over()) return fail(error_of(ErrorKind::timeout, "the call had no time left"));
    const auto failure = std::ranges::find_if(
        failures_, [&](const Failure& one) { return one.method == method && one.times > 0; });
    if (failure != failures_.end()) {
        --failure->times;
        return fail(failure->error);
    }
    return log_in(target);
}

Result<FakeRemoteHost::Server*> FakeRemoteHost::log_in(const SshTarget& target) {
    auto found = servers_.find(target.host);
    if (found == servers_.end()) {
        if (!options_.servers_appear) {
            return fail(error_of(ErrorKind::unavailable, "no server has this address"));
        }
        found = servers_.emplace(target.host, Server{}).first;
    }
    Server& server = found->second;
    if (!server.up) return fail(error_of(ErrorKind::unavailable, "the connection was refused"));
    if (server.host_key.empty() && !target.host_keys.empty()) {
        server.host_key = target.host_keys.front();
    }
    if (std::ranges::find(target.host_keys, server.host_key) == target.host_keys.end()) {
        Error error = error_of(ErrorKind::conflict, "the server shows another host key");
        error.code = "host_key_mismatch";
        return fail(std::move(error));
    }
    if (server.only_key && !server.only_key->equals(target.private_key.reveal())) {
        return fail(error_of(ErrorKind::unauthorized, "the server refuses the client key"));
    }
    return &server;
}

Result<void> FakeRemoteHost::leave(Method method) {
    int& lost = lost_answers_[method];
    if (lost == 0) return {};
    --lost;
    const Effect effect = method == Method::read_run ? Effect::none : Effect::unknown;
    return fail(error_of(ErrorKind::unavailable, "the connection broke", effect));
}

Result<ports::ExecResult> FakeRemoteHost::exec(const SshTarget& target,
                                               const ports::ExecRequest& request,
                                               const base::Call& call) {
    ExecHandler handler;
    {
        std::unique_lock<std::mutex> lock;
        auto server = enter(Method::exec, target, request.command, call, lock);
        if (!server) return tl::unexpected(server.error());
        handler = exec_handler_;
    }
    auto handled = handler ? handler(target, request) : std::nullopt;
    Result<ports::ExecResult> result =
        handled ? std::move(*handled) : Result<ports::ExecResult>(ports::ExecResult{});
    const std::scoped_lock lock(mutex_);
    if (auto left = leave(Method::exec); !left) return tl::unexpected(left.error());
    if (result) {
        result->out = result->out.substr(0, request.max_output_bytes);
        result->err = result->err.substr(0, request.max_output_bytes);
    }
    return result;
}

Result<void> FakeRemoteHost::put_file(const SshTarget& target, const base::Secret& content,
                                      const std::string& remote_path, int mode,
                                      const base::Call& call) {
    std::unique_lock<std::mutex> lock;
    auto server = enter(Method::put_file, target, remote_path, call, lock);
    if (!server) return tl::unexpected(server.error());
    (*server)->files[remote_path] = {content.reveal(), mode};
    return leave(Method::put_file);
}

Result<void> FakeRemoteHost::upload(const SshTarget& target, const ports::FileUpload& file,
                                    const base::Call& call) {
    std::unique_lock<std::mutex> lock;
    auto server = enter(Method::upload, target, file.remote_path, call, lock);
    if (!server) return tl::unexpected(server.error());
    std::string content;
    if (options_.check_uploads) {
        auto sum = crypto::sha256_file(file.local_path);
        if (!sum) return tl::unexpected(sum.error());
        if (*sum != file.sha256) {
            (*server)->files.erase(file.remote_path);
            return fail(error_of(ErrorKind::invalid, "the file has another sum"));
        }
        std::ifstream stream(file.local_path, std::ios::binary);
        content.assign(std::istreambuf_iterator<char>(stream), {});
    }
    const std::uint64_t bytes = content.size();
    (*server)->files[file.remote_path] = {std::move(content), file.mode};
    auto left = leave(Method::upload);
    // Whoever is told may call others, or this very server.
    lock.unlock();
    if (file.progress) file.progress(bytes, bytes);
    return left;
}

FakeRemoteHost::Plan FakeRemoteHost::take_plan(const std::string& script) {
    if (auto& next = next_plans_[script]; !next.empty()) {
        Plan plan = std::move(next.front());
        next.erase(next.begin());
        return plan;
    }
    return plans_[script];
}

base::TimePoint FakeRemoteHost::end_of(const Run& run) const {
    return run.cut_at.value_or(run.started + run.plan.duration);
}

RunState FakeRemoteHost::state_of(const Run& run) const {
    if (run.lost) return RunState::lost;
    return clock_.now() >= end_of(run) ? RunState::exited : RunState::running;
}

Result<RunState> FakeRemoteHost::start_run(const SshTarget& target, const ports::ScriptRun& run,
                                           const base::Call& call) {
    if (!is_run_id(run.run_id)) return fail(error_of(ErrorKind::invalid, "malformed run id"));
    for (const auto& [name, value] : run.environment) {
        if (value.find('\n') != std::string::npos) {
            return fail(error_of(ErrorKind::invalid, "the value of " + name + " has a line end"));
        }
    }
    std::unique_lock<std::mutex> lock;
    auto server = enter(Method::start_run, target, run.run_id, call, lock);
    if (!server) return tl::unexpected(server.error());
    auto found = (*server)->runs.find(run.run_id);
    if (found == (*server)->runs.end()) {
        ++starts_[run.script];
        found = (*server)->runs.emplace(run.run_id, Run{}).first;
        found->second = {.environment = run.environment,
                         .started = clock_.now(),
                         .plan = take_plan(run.script),
                         .cut_at = std::nullopt,
                         .lost = false};
    }
    if (auto left = leave(Method::start_run); !left) return tl::unexpected(left.error());
    return state_of(found->second);
}

Result<RunOutput> FakeRemoteHost::read_run(const SshTarget& target, const std::string& run_id,
                                           std::uint64_t offset, base::Milliseconds /*patience*/,
                                           const base::Call& call) {
    if (!is_run_id(run_id)) return fail(error_of(ErrorKind::invalid, "malformed run id"));
    std::unique_lock<std::mutex> lock;
    auto server = enter(Method::read_run, target, run_id, call, lock);
    if (!server) return tl::unexpected(server.error());
    RunOutput output{.state = RunState::absent,
                     .exit_code = std::nullopt,
                     .lines = {},
                     .next_offset = offset,
                     .more = false};
    const auto found = (*server)->runs.find(run_id);
    if (found != (*server)->runs.end()) {
        const Run& run = found->second;
        output.state = state_of(run);
        if (output.state == RunState::exited) {
            output.exit_code = run.cut_at ? 143 : run.plan.exit_code;
        }
        const base::TimePoint written_until = std::min(clock_.now(), end_of(run));
        std::uint64_t position = 0;
        for (const PlannedLine& line : run.plan.lines) {
            if (run.started + line.after > written_until) break;
            const std::uint64_t start = std::exchange(position, position + bytes_of(line.text));
            if (start < offset) continue;
            output.more = output.lines.size() == options_.max_lines_per_read;
            if (output.more) break;
            output.lines.push_back({line.stream, run.started + line.after, line.text});
            output.next_offset = position;
        }
    }
    if (auto left = leave(Method::read_run); !left) return tl::unexpected(left.error());
    return output;
}

Result<void> FakeRemoteHost::stop_run(const SshTarget& target, const std::string& run_id,
                                      const base::Call& call) {
    if (!is_run_id(run_id)) return fail(error_of(ErrorKind::invalid, "malformed run id"));
    std::unique_lock<std::mutex> lock;
    auto server = enter(Method::stop_run, target, run_id, call, lock);
    if (!server) return tl::unexpected(server.error());
    const auto found = (*server)->runs.find(run_id);
    if (found != (*server)->runs.end() && state_of(found->second) == RunState::running) {
        found->second.cut_at = clock_.now();
    }
    return leave(Method::stop_run);
}

Result<std::unique_ptr<ports::Tunnel>> FakeRemoteHost::open_tunnel(const SshTarget& target,
                                                                   std::uint16_t remote_port,
                                                                   const base::Call& call) {
    std::unique_lock<std::mutex> lock;
    auto server = enter(Method::open_tunnel, target, std::to_string(remote_port), call, lock);
    if (!server) return tl::unexpected(server.error());
    if (auto left = leave(Method::open_tunnel); !left) return tl::unexpected(left.error());
    return std::make_unique<FakeTunnel>("/nonexistent/tunnel-" + std::to_string(++tunnels_made_),
                                        (*server)->tunnels_stand, mutex_);
}

void FakeRemoteHost::forget(const SshTarget& /*target*/) {}

}  // namespace hatchery::support
