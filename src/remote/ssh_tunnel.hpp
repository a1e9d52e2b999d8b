#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "ports/remote_host.hpp"
#include "remote/ssh_session.hpp"

namespace hatchery::remote {

/// Takes a session of its own and carries the connections of a unix socket to a port on the
/// server's loopback address, in one thread. The thread ends with the object or the session.
[[nodiscard]] base::Result<std::unique_ptr<ports::Tunnel>> make_ssh_tunnel(
    std::unique_ptr<SshSession> session, std::uint16_t remote_port, const std::string& socket_dir,
    const CallWait& wait);

}  // namespace hatchery::remote
