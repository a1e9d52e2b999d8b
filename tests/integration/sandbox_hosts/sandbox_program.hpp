#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/processes/child_process.hpp"

namespace hatchery::sandbox_test {

/// What a command printed (both outputs) and its exit code.
struct CommandResult {
    int exit_code = -1;
    std::string output;
};

/// Runs a command and waits for its end, at most some seconds.
CommandResult run_command(const std::vector<std::string>& command);

/// False, after saying so in the test's report, where real hosts cannot be had.
bool can_have_hosts();

/// A folder of the test's own, removed at its end.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// An Ed25519 key pair in OpenSSH's format.
struct KeyPair {
    std::filesystem::path private_file;
    std::string private_text;
    std::string public_text;
};
KeyPair make_key(const std::filesystem::path& folder, const std::string& name);

/// A running hatchery-sandbox with real hosts.
class SandboxProgram {
public:
    /// Starts it and waits for its ready line; the first time on a machine this takes minutes.
    SandboxProgram(const std::filesystem::path& folder, const std::filesystem::path& state_dir);

    /// The body of the answer; fails the test on another status.
    nlohmann::json call(const std::string& method, const std::string& path,
                        const nlohmann::json& body = nullptr, int status = 200);
    /// Creates a server with a planted host key and a login key; gives the whole answer.
    nlohmann::json create(const std::string& name, const nlohmann::json& more = {});
    void remove(const nlohmann::json& id);
    /// One try to run a command on a host, trusting only the planted host key.
    CommandResult ssh(const std::string& ip, const std::string& command);
    /// Tries until a login works; fails the test after a minute.
    CommandResult ssh_when_up(const std::string& ip, const std::string& command);
    void wait_for_status(const nlohmann::json& id, const std::string& status);
    [[nodiscard]] std::string log() const;

    support::ChildProcess process;
    std::string hetzner;
    std::string telegram;
    std::string model;

private:
    std::filesystem::path folder_;
    KeyPair host_key_;
    KeyPair login_key_;
};

/// Asks again and again, with a pause, until it is true or a minute is over.
bool eventually(const std::function<bool()>& question);

/// A server's control group, below the root of all: of servers with the same id in another sandbox
/// it differs by the sandbox's share of the addresses.
std::string cgroup_of(const nlohmann::json& server);

/// Processes whose command line or cgroup speaks of `text`: id, command line and cgroups.
std::vector<std::string> processes_with(const std::string& text);

/// Folders below the cgroup v2 tree whose path speaks of `text`.
std::vector<std::string> cgroups_with(const std::string& text);

}  // namespace hatchery::sandbox_test
