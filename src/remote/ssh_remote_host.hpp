#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/embedded_file.hpp"
#include "ports/remote_host.hpp"

namespace hatchery::remote {

struct SshOptions {
    /// Limit for TCP, key exchange and authentication together, within the call's own deadline.
    std::chrono::milliseconds connect_timeout{15'000};
    /// A kept connection that was not used for so long is closed.
    std::chrono::milliseconds idle_timeout{60'000};
    /// Connections to one server at the same time; sshd's MaxStartups begins to refuse at 10.
    std::size_t max_sessions_per_host = 8;
    /// Folder on the server for scripts and runs; run_detached.sh's contract fixes the usual one.
    std::string state_dir = "/var/lib/hatchery";
    /// Folder for tunnels' sockets; empty: $XDG_RUNTIME_DIR, else a fresh one below /tmp.
    std::string socket_dir;
    /// The scripts that start_run knows, run_detached.sh among them; empty: those in the binary.
    std::span<const base::EmbeddedFile> scripts;
};

/// The servers' side of Hatchery over libssh2. Ed25519 only; see ports::RemoteHost for the rest.
/// Objects that it returns (tunnels) may outlive it.
[[nodiscard]] std::unique_ptr<ports::RemoteHost> make_ssh_remote_host(SshOptions options = {});

}  // namespace hatchery::remote
