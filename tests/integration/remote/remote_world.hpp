#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "integration/remote/sshd_fixture.hpp"
#include "remote/ssh_remote_host.hpp"

namespace hatchery::test {

/// A real sshd and the SSH adapter, as a client process would use it.
class RemoteWorld {
public:
    explicit RemoteWorld(remote::SshOptions options = {});

    [[nodiscard]] SshdFixture& sshd() { return sshd_; }
    [[nodiscard]] ports::RemoteHost& host() { return *host_; }
    [[nodiscard]] ports::SshTarget target() const;
    /// Where target() leads from now on, e.g. a proxy before sshd.
    void aim_at(std::uint16_t port) { port_ = port; }
    /// Throws away the adapter with all that it remembers, as a killed process would.
    void restart_client();

    /// The result of a command that must succeed in being run.
    [[nodiscard]] ports::ExecResult exec(const std::string& command);
    /// Waits, bounded, until this file is in the server's folder.
    void wait_for_file(const std::string& name) const;

private:
    SshdFixture sshd_;
    remote::SshOptions options_;
    std::unique_ptr<ports::RemoteHost> host_;
    std::uint16_t port_;
};

/// Enough for anything in these tests.
[[nodiscard]] inline base::Call soon() { return base::Call::within(std::chrono::seconds(30)); }

}  // namespace hatchery::test
