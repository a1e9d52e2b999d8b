#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "ports/remote_host.hpp"

namespace hatchery::test {

/// A folder below /tmp, removed with all that is in it.
class ScratchFolder {
public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// A real sshd on 127.0.0.1 for this user, with keys and configuration of its own, and with
/// stand-ins for systemd-run and systemctl, so that detached runs work where systemd is not PID 1.
/// Ends with the object, and its sessions too.
class SshdFixture {
public:
    SshdFixture();
    ~SshdFixture();
    SshdFixture(const SshdFixture&) = delete;
    SshdFixture& operator=(const SshdFixture&) = delete;

    /// Nothing installed: tests pass with a warning.
    [[nodiscard]] static bool available();

    [[nodiscard]] ports::SshTarget target() const { return target_; }
    [[nodiscard]] std::string folder() const { return folder_.path(); }
    /// What SshOptions::state_dir must be.
    [[nodiscard]] std::string state_dir() const { return folder_.path() + "/state"; }
    /// How many logins sshd has accepted.
    [[nodiscard]] int logins() const;
    [[nodiscard]] std::string log() const;
    /// Kills every session process: connections break, commands and runs stay.
    void kill_sessions() const;
    /// Ends sshd and its sessions: connections are refused from now on.
    void stop();

private:
    void write_configuration();
    void start();

    ScratchFolder folder_;
    ports::SshTarget target_;
    pid_t pid_ = -1;
};

void write_file(const std::string& path, const std::string& content, int mode = 0600);
/// Empty when there is no such file.
[[nodiscard]] std::string read_file(const std::string& path);
/// A port that was free a moment ago.
[[nodiscard]] std::uint16_t free_port();

}  // namespace hatchery::test
