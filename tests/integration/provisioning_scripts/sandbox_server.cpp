#include "integration/provisioning_scripts/sandbox_server.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <stdexcept>

#include "crypto/digest.hpp"
#include "e2e/support/known_host.hpp"
#include "support/catch.hpp"

namespace hatchery::test {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto call_limit = 60s;
constexpr auto run_limit = 400s;

base::Call call() { return base::Call::within(call_limit); }

void pause() {
    const timespec time{.tv_sec = 0, .tv_nsec = 100'000'000};
    nanosleep(&time, nullptr);
}

}  // namespace

std::string EndedRun::text() const {
    std::string text =
        fmt::format("state {} exit {}\n", static_cast<int>(state), exit_code.value_or(-1));
    for (const auto& line : lines) text += line.text + "\n";
    return text;
}

std::optional<std::string> SandboxServer::missing() {
    if (geteuid() != 0) return "real hosts need root";
    return std::nullopt;
}

SandboxServer::SandboxServer(const std::string& name)
    : folder_(fs::path(HATCHERY_BINARY_DIR) / "provisioning-scripts" / name) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    host_ = remote::make_ssh_remote_host({.socket_dir = folder_.string()});
    start_sandbox();
    create_server();
    wait_for_login();
}

SandboxServer::~SandboxServer() {
    host_.reset();
    if (sandbox_) sandbox_->terminate(20s);
}

void SandboxServer::start_sandbox() {
    sandbox_ = std::make_unique<support::ChildProcess>(support::ChildOptions{
        .command = {SANDBOX_PROGRAM, "--listen", "127.0.0.1:0", "--die-with-parent"},
        .environment = {},
        .working_directory = folder_.string(),
        .log_path = (folder_ / "sandbox.log").string(),
        .capture_output = true});
    // The first start on a machine builds the base image.
    const auto urls = base::parse_json(sandbox_->read_line(10min).value_or(""));
    if (!urls) throw std::runtime_error("the sandbox did not start; see sandbox.log");
    cloud_ = std::make_unique<e2e::ApiClient>(base::json_string(*urls, "hetzner"), "project");
    telegram_url_ = base::json_string(*urls, "telegram");
    model_url_ = base::json_string(*urls, "model");
    telegram_ = std::make_unique<e2e::ApiClient>(telegram_url_, "");
}

void SandboxServer::create_server() {
    const auto host = e2e::make_known_host(*cloud_, "scripts", 22);
    server_ = host.id;
    target_ = host.target;
}

void SandboxServer::wait_for_login() {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!host_->exec(target_, {.command = "true", .input = {}}, base::Call::within(10s))) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        pause();
    }
}

bool SandboxServer::skips() {
    const auto reason = missing();
    if (reason) WARN("skipped: " << *reason);
    return reason.has_value();
}

void SandboxServer::wait_until(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!holds()) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        pause();
    }
}

void SandboxServer::reset() {
    const std::string before = exec(
        "cat /proc/sys/kernel/random/boot_id /run/machine-started "
        "2>/dev/null; stat -c %Z /proc/1");
    cloud_->post(fmt::format("/servers/{}/actions/reset", server_), base::Json::object());
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    for (;;) {
        const auto now = host_->exec(
            target_,
            {.command = "cat /proc/sys/kernel/random/boot_id /run/machine-started 2>/dev/null; "
                        "stat -c %Z /proc/1",
             .input = {}},
            base::Call::within(5s));
        if (now && now->exit_code == 0 && now->out != before) return;
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        pause();
    }
}

std::string SandboxServer::start(const std::string& script,
                                 const std::map<std::string, std::string>& environment) {
    const std::string id = fmt::format("run-{}", ++runs_);
    const auto state = host_->start_run(
        target_, {.run_id = id, .script = script, .environment = environment}, call());
    INFO((state ? "" : state.error().message));
    REQUIRE(state);
    return id;
}

EndedRun SandboxServer::follow(const std::string& run_id, std::size_t at_least) {
    const auto deadline = std::chrono::steady_clock::now() + run_limit;
    EndedRun ended;
    std::uint64_t offset = 0;
    for (;;) {
        const auto output =
            host_->read_run(target_, run_id, offset, base::Milliseconds{1000}, call());
        INFO((output ? "" : output.error().message));
        REQUIRE(output);
        offset = output->next_offset;
        ended.state = output->state;
        ended.exit_code = output->exit_code;
        for (const auto& line : output->lines) {
            ended.lines.push_back(line);
            constexpr std::string_view mark = "hatchery-fact ";
            if (!line.text.starts_with(mark)) continue;
            const auto fact = line.text.substr(mark.size());
            ended.facts[fact.substr(0, fact.find('='))] = fact.substr(fact.find('=') + 1);
        }
        if (ended.lines.size() >= at_least) return ended;
        if (ended.state != ports::RunState::running && !output->more) return ended;
        INFO(ended.text());
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
}

EndedRun SandboxServer::run(const std::string& script,
                            const std::map<std::string, std::string>& environment) {
    return follow(start(script, environment));
}

void SandboxServer::kill_run(const std::string& run_id) {
    try_exec("systemctl kill --signal=SIGKILL hatchery-run-" + run_id + ".service");
}

ports::ExecResult SandboxServer::try_exec(const std::string& command) {
    auto result = host_->exec(target_, {.command = command, .input = {}}, call());
    INFO(command);
    INFO((result ? "" : result.error().message));
    REQUIRE(result);
    return *std::move(result);
}

std::string SandboxServer::exec(const std::string& command) {
    const auto result = try_exec(command);
    INFO(command << "\n" << result.out << result.err);
    REQUIRE(result.exit_code == 0);
    return result.out;
}

void SandboxServer::put(const std::string& content, const std::string& path) {
    const auto done = host_->put_file(target_, base::Secret(content), path, 0600, call());
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
}

void SandboxServer::upload(const fs::path& file, const std::string& path) {
    const auto sum = crypto::sha256_file(file.string());
    REQUIRE(sum);
    const auto done = host_->upload(target_,
                                    {.local_path = file.string(),
                                     .remote_path = path,
                                     .sha256 = *sum,
                                     .mode = 0600,
                                     .progress = {}},
                                    call());
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
}

}  // namespace hatchery::test
