#pragma once

#include <functional>
#include <string>

#include "sandbox/hosts/result.hpp"
#include "sandbox/hosts/unique_fd.hpp"

namespace hatchery::sandbox {

/// Gives this whole process a mount namespace of its own, in which the cgroup v2 tree lies at
/// /sys/fs/cgroup and systemd-nspawn's run-time folder is private. Everything mounted afterwards is
/// invisible outside and vanishes with the last process inside, however that ends. Call it before
/// the first thread is started.
Result<void> enter_private_mount_namespace();

/// A new network namespace with its loopback interface up. It lives as long as the descriptor, a
/// process in it, or a socket made in it.
Result<UniqueFd> make_network_namespace();

/// Runs `work` on a thread of its own inside the network namespace and gives what it gives.
Result<void> run_in_network_namespace(int namespace_fd, const std::function<Result<void>()>& work);

/// A listening TCP socket (non-blocking), made in the calling thread's network namespace.
Result<UniqueFd> listen_tcp(const std::string& ipv4, int port);

/// "/proc/PID/fd/N": how another program opens a descriptor of this process.
std::string descriptor_path(int fd);

}  // namespace hatchery::sandbox
