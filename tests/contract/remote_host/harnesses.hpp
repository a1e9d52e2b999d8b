#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "integration/remote/sshd_fixture.hpp"
#include "ports/remote_host.hpp"
#include "support/fake_remote_host.hpp"

namespace hatchery::test {

/// Scripts that every implementation can run in these tests:
///   three_lines.sh  `one` to standard output, `two` to standard error, `three`; ends with 7
///   endless.sh      `begun`, then goes on until it is stopped
class FakeHarness {
public:
    FakeHarness();
    [[nodiscard]] static bool available() { return true; }
    [[nodiscard]] ports::RemoteHost& host() { return fake_; }
    [[nodiscard]] ports::SshTarget target() const;
    /// Content and mode, `0640 text`; empty when there is no such file.
    [[nodiscard]] std::string file(const std::string& path) const;
    [[nodiscard]] std::string path(const std::string& name) const { return "/srv/" + name; }
    void let_time_pass() { clock_.time += std::chrono::milliseconds(100); }
    void break_connections() { fake_.break_tunnels("192.0.2.1"); }
    void stop_server() { fake_.take_down("192.0.2.1"); }

private:
    struct ManualClock final : base::Clock {
        base::TimePoint time{std::chrono::seconds(1'763'704'512)};
        [[nodiscard]] base::TimePoint now() const override { return time; }
    };
    ManualClock clock_;
    support::FakeRemoteHost fake_;
};

class SshHarness {
public:
    SshHarness();
    [[nodiscard]] static bool available() { return SshdFixture::available(); }
    [[nodiscard]] ports::RemoteHost& host() { return *host_; }
    [[nodiscard]] ports::SshTarget target() const { return sshd_.target(); }
    [[nodiscard]] std::string file(const std::string& path) const;
    [[nodiscard]] std::string path(const std::string& name) const {
        return sshd_.folder() + "/" + name;
    }
    void let_time_pass() {}
    void break_connections() { sshd_.kill_sessions(); }
    void stop_server() { sshd_.stop(); }

private:
    SshdFixture sshd_;
    std::unique_ptr<ports::RemoteHost> host_;
};

}  // namespace hatchery::test
