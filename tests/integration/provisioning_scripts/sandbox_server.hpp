#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "e2e/support/api_client.hpp"
#include "remote/ssh_remote_host.hpp"
#include "support/processes/child_process.hpp"

namespace hatchery::test {

/// How a script ended and what it said.
struct EndedRun {
    ports::RunState state = ports::RunState::absent;
    std::optional<int> exit_code;
    std::vector<ports::LogLine> lines;
    /// The values of its `hatchery-fact` lines.
    std::map<std::string, std::string> facts;

    /// Everything it said, for a failed test's report.
    [[nodiscard]] std::string text() const;
};

/// A sandbox of its own with one fresh server, reached as Hatchery reaches one.
class SandboxServer {
public:
    explicit SandboxServer(const std::string& name);
    ~SandboxServer();
    SandboxServer(const SandboxServer&) = delete;
    SandboxServer& operator=(const SandboxServer&) = delete;

    /// Why there can be none on this machine, or nothing.
    [[nodiscard]] static std::optional<std::string> missing();

    /// The same, as a test's first line: says why it does nothing.
    [[nodiscard]] static bool skips();

    /// Runs a script of provisioning-scripts/ to its end under a run id of its own.
    EndedRun run(const std::string& script, const std::map<std::string, std::string>& environment);
    /// Starts it and gives the run's id.
    std::string start(const std::string& script,
                      const std::map<std::string, std::string>& environment);
    /// Waits until the run has ended or has said `at_least` lines.
    EndedRun follow(const std::string& run_id, std::size_t at_least = SIZE_MAX);
    /// SIGKILL to the run's supervisor and all that it started.
    void kill_run(const std::string& run_id);
    /// The command's standard output; fails the test when it does not end with 0.
    std::string exec(const std::string& command);
    ports::ExecResult try_exec(const std::string& command);
    void put(const std::string& content, const std::string& path);
    void upload(const std::filesystem::path& file, const std::string& path);
    /// Asks often until it holds; fails the test after a minute.
    void wait_until(const std::function<bool()>& holds);
    /// Pulls the plug and waits until the server has started again.
    void reset();

    [[nodiscard]] ports::RemoteHost& host() { return *host_; }
    [[nodiscard]] ports::SshTarget& target() { return target_; }
    [[nodiscard]] const e2e::ApiClient& telegram() const { return *telegram_; }
    [[nodiscard]] const std::string& telegram_url() const { return telegram_url_; }
    [[nodiscard]] const std::string& model_url() const { return model_url_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

private:
    void start_sandbox();
    void create_server();
    void wait_for_login();

    std::filesystem::path folder_;
    std::unique_ptr<support::ChildProcess> sandbox_;
    std::unique_ptr<e2e::ApiClient> cloud_;
    std::unique_ptr<e2e::ApiClient> telegram_;
    std::string telegram_url_;
    std::string model_url_;
    std::unique_ptr<ports::RemoteHost> host_;
    ports::SshTarget target_;
    long long server_ = 0;
    int runs_ = 0;
};

}  // namespace hatchery::test
