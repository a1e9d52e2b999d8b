#include "remote/ssh_remote_host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include "remote/detached_run.hpp"
#include "remote/file_transfer.hpp"
#include "remote/remote_command.hpp"
#include "remote/session_pool.hpp"
#include "remote/ssh_tunnel.hpp"

namespace hatchery::remote {

namespace {

using base::Call;
using base::Effect;
using base::Error;
using base::ErrorKind;
using base::fail;
using base::Milliseconds;
using base::Result;
using base::Secret;
using ports::ExecRequest;
using ports::ExecResult;
using ports::FileUpload;
using ports::RunOutput;
using ports::RunState;
using ports::ScriptRun;
using ports::SshTarget;

constexpr std::size_t log_bytes_at_once = std::size_t{256} << 10U;
/// A kept session must answer within this, else a new connection is made.
constexpr Milliseconds stale_session_limit{5'000};

/// What a remote command said when it failed, fit for a message.
std::string last_words(const ExecResult& result) {
    std::string_view text = result.err.empty() ? result.out : result.err;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    if (const auto line = text.rfind('\n'); line != std::string_view::npos) {
        text = text.substr(line + 1);
    }
    return std::string(text.substr(0, 300));
}

/// A remote command that ended, but not well.
tl::unexpected<Error> ended_badly(ErrorKind kind, std::string_view doing,
                                  const ExecResult& result) {
    const std::string how = result.signal.empty() ? fmt::format("exit code {}", result.exit_code)
                                                  : fmt::format("signal {}", result.signal);
    Error error =
        fail(kind, fmt::format("{} failed on the server ({}): {}", doing, how, last_words(result)))
            .value();
    error.code = result.signal.empty() ? fmt::format("exit{}", result.exit_code) : result.signal;
    error.effect = Effect::unknown;
    return fail(std::move(error));
}

bool succeeded(const ExecResult& result) { return result.exit_code == 0 && result.signal.empty(); }

class SshRemoteHost final : public ports::RemoteHost {
public:
    explicit SshRemoteHost(SshOptions options)
        : options_(std::move(options)),
          pool_({.max_sessions_per_host = std::max<std::size_t>(options_.max_sessions_per_host, 1),
                 .idle_timeout = options_.idle_timeout,
                 .connect_timeout = options_.connect_timeout}) {
        if (options_.scripts.empty()) options_.scripts = embedded::provisioning_scripts();
    }

    Result<ExecResult> exec(const SshTarget& target, const ExecRequest& request,
                            const Call& call) override {
        return run(target,
                   {.command = request.command,
                    .input = input_of(request.input.reveal()),
                    .max_output_bytes = request.max_output_bytes},
                   call);
    }

    Result<void> put_file(const SshTarget& target, const Secret& content,
                          const std::string& remote_path, int mode, const Call& call) override {
        const std::string& bytes = content.reveal();
        auto done =
            run(target,
                {.command = put_command(remote_path, mode, bytes.size()), .input = input_of(bytes)},
                call);
        if (!done) return tl::unexpected(done.error());
        if (!succeeded(*done)) {
            return ended_badly(ErrorKind::invalid, "writing " + remote_path, *done);
        }
        return {};
    }

    Result<void> upload(const SshTarget& target, const FileUpload& file,
                        const Call& call) override {
        if (file.sha256.size() != 64 ||
            file.sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
            return fail(ErrorKind::invalid, "an upload needs the file's SHA-256 in hexadecimal");
        }
        auto source = FileInput::open(file.local_path);
        if (!source) return tl::unexpected(source.error());
        // The part may grow between the question and the transfer while another one ends.
        for (int attempt = 0; attempt < 3; ++attempt) {
            auto ended = upload_once(target, file, *source, call);
            if (!ended) return tl::unexpected(ended.error());
            if (*ended == Uploaded::yes) return {};
        }
        return fail(ErrorKind::conflict,
                    fmt::format("another transfer keeps changing {}", file.remote_path));
    }

    Result<RunState> start_run(const SshTarget& target, const ScriptRun& run_of,
                               const Call& call) override {
        if (auto checked = check_run_id(run_of.run_id); !checked) {
            return tl::unexpected(checked.error());
        }
        const base::EmbeddedFile* runner = script_named("run_detached.sh");
        const base::EmbeddedFile* script = script_named(run_of.script);
        if (runner == nullptr || script == nullptr) {
            return fail(ErrorKind::invalid,
                        fmt::format("there is no provisioning script {}", run_of.script));
        }
        auto environment = environment_file(run_of.environment);
        if (!environment) return tl::unexpected(environment.error());

        const std::string key = target_identity(target) + '\n' + run_of.script;
        for (Carry carry = has_scripts(key) ? Carry::environment_only : Carry::scripts;;
             carry = Carry::scripts) {
            const StartCommand start = start_command(options_.state_dir, run_of.run_id, *runner,
                                                     *script, *environment, carry);
            auto done = run(
                target, {.command = start.command, .input = input_of(start.input.reveal())}, call);
            if (!done) return tl::unexpected(done.error());
            if (carry == Carry::environment_only && done->exit_code == scripts_missing) continue;
            return started(*done, run_of, key);
        }
    }

    Result<RunOutput> read_run(const SshTarget& target, const std::string& run_id,
                               std::uint64_t offset, Milliseconds patience,
                               const Call& call) override {
        if (auto checked = check_run_id(run_id); !checked) return tl::unexpected(checked.error());
        // The server's wait must end before ours does, with time for the answer.
        const Milliseconds room = call.left() - Milliseconds{1'000};
        const Milliseconds waits =
            std::clamp(std::min(patience, room), Milliseconds{0}, Milliseconds{60'000});
        auto done = run(target,
                        {.command = status_command(options_.state_dir, run_id, offset,
                                                   log_bytes_at_once, waits),
                         .input = nullptr,
                         .max_output_bytes = log_bytes_at_once + 4'096},
                        call);
        // Reading changes nothing, whatever became of the answer.
        if (!done) return fail(without_effect(std::move(done.error())));
        if (!succeeded(*done)) {
            return fail(without_effect(
                ended_badly(ErrorKind::bad_response, "reading a run's log", *done).value()));
        }
        return parse_status(done->out, offset);
    }

    Result<void> stop_run(const SshTarget& target, const std::string& run_id,
                          const Call& call) override {
        if (auto checked = check_run_id(run_id); !checked) return tl::unexpected(checked.error());
        auto done = run(
            target, {.command = stop_command(options_.state_dir, run_id), .input = nullptr}, call);
        if (!done) return tl::unexpected(done.error());
        if (!succeeded(*done)) return ended_badly(ErrorKind::timeout, "stopping a run", *done);
        return {};
    }

    Result<std::unique_ptr<ports::Tunnel>> open_tunnel(const SshTarget& target,
                                                       std::uint16_t remote_port,
                                                       const Call& call) override {
        const CallWait wait(call.at_most(options_.connect_timeout));
        auto session = SshSession::connect(target, wait);
        if (!session) return tl::unexpected(session.error());
        return make_ssh_tunnel(std::move(*session), remote_port, options_.socket_dir, wait);
    }

    void forget(const SshTarget& target) override {
        pool_.forget_address(target.host, target.port);
    }

private:
    enum class Uploaded : std::uint8_t { yes, ask_again };

    static Error without_effect(Error error) {
        error.effect = Effect::none;
        return error;
    }

    /// Runs a command on a kept or new session. A kept session that turns out dead before the
    /// command was sent is replaced, once.
    Result<ExecResult> run(const SshTarget& target, const RemoteCommand& command,
                           const Call& call) {
        const CallWait wait(call);
        for (bool may_replace = true;; may_replace = false) {
            auto lease = pool_.lease(target, wait);
            if (!lease) return tl::unexpected(lease.error());
            const bool stale = lease->trust() == SshSession::Trust::answer_wanted;
            const CallWait channel_wait(stale ? call.at_most(stale_session_limit) : call);
            auto channel = lease->session().open_channel(lease->trust(), channel_wait);
            if (!channel) {
                if (lease->reused() && may_replace && !wait.ended()) {
                    pool_.forget(target_identity(target));
                    continue;
                }
                return tl::unexpected(channel.error());
            }
            auto result = run_command(lease->session(), *channel, command, wait);
            if (result) lease->keep();
            return result;
        }
    }

    Result<Uploaded> upload_once(const SshTarget& target, const FileUpload& file, FileInput& source,
                                 const Call& call) {
        auto probe = run(
            target, {.command = upload_probe_command(file, source.size()), .input = nullptr}, call);
        if (!probe) return tl::unexpected(probe.error());
        if (!succeeded(*probe)) {
            return ended_badly(ErrorKind::bad_response, "looking for an earlier upload", *probe);
        }
        const auto there = read_upload_probe(probe->out, source.size());
        if (!there) return tl::unexpected(there.error());
        if (!*there) {
            if (file.progress) file.progress(source.size(), source.size());
            return Uploaded::yes;
        }
        const std::uint64_t offset = **there;
        if (file.progress) file.progress(offset, source.size());
        auto sent = run(target,
                        {.command = upload_command(file, offset, source.size()),
                         .input = source.from(offset, file.progress)},
                        call);
        if (!sent) return tl::unexpected(sent.error());
        if (succeeded(*sent)) return Uploaded::yes;
        const int code = sent->signal.empty() ? sent->exit_code : -1;
        // A wrong sum after going on may lie in what the earlier transfer left.
        if (code == upload_moved_on || (code == upload_wrong_sum && offset > 0)) {
            return Uploaded::ask_again;
        }
        if (code == upload_wrong_sum) {
            return fail(ErrorKind::invalid, fmt::format("{} arrived with another SHA-256 than {}",
                                                        file.remote_path, file.sha256));
        }
        return ended_badly(ErrorKind::unavailable, "receiving " + file.remote_path, *sent);
    }

    Result<RunState> started(const ExecResult& result, const ScriptRun& run_of,
                             const std::string& key) {
        if (succeeded(result)) {
            remember_scripts(key);
            return parse_start(result.out);
        }
        const ErrorKind kind = result.exit_code == 2 ? ErrorKind::invalid : ErrorKind::unavailable;
        return ended_badly(kind, "starting " + run_of.script, result);
    }

    const base::EmbeddedFile* script_named(std::string_view name) const {
        for (const base::EmbeddedFile& file : options_.scripts) {
            if (file.name == name) return &file;
        }
        return nullptr;
    }

    bool has_scripts(const std::string& key) {
        const std::scoped_lock lock(mutex_);
        return scripts_sent_.contains(key);
    }

    void remember_scripts(const std::string& key) {
        const std::scoped_lock lock(mutex_);
        // Forgetting costs a few kilobytes on the next start; growing without end would cost more.
        if (scripts_sent_.size() >= 20'000) scripts_sent_.clear();
        scripts_sent_.insert(key);
    }

    SshOptions options_;
    SessionPool pool_;
    std::mutex mutex_;
    /// Target identity and script name of what this process has sent.
    std::set<std::string> scripts_sent_;
};

}  // namespace

std::unique_ptr<ports::RemoteHost> make_ssh_remote_host(SshOptions options) {
    return std::make_unique<SshRemoteHost>(std::move(options));
}

}  // namespace hatchery::remote
