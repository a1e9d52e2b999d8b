#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <memory>
#include <string>

#include "sandbox/hosts/log.hpp"
#include "sandbox/hosts/result.hpp"
#include "sandbox/hosts/unique_fd.hpp"

namespace hatchery::sandbox {

/// Forwards TCP connections between network namespaces: accepts on sockets that were made anywhere,
/// connects out from the namespace it was started in. One thread and one epoll set carry all
/// connections; a slow reader holds back its own writer only.
/// Listeners belong to an owner (a host's id), so that a host goes with everything of it.
class Relay {
public:
    /// `namespace_fd` is where connections go out from; -1 means the machine's own namespace.
    static Result<std::unique_ptr<Relay>> start(int namespace_fd, Log log);
    /// Closes every connection with a reset and joins the thread.
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// Takes over a listening, non-blocking socket and forwards what it accepts to
    /// `target_ipv4`:`target_port`. `listen_port` names the listener for close_port().
    Result<void> forward(std::int64_t owner, int listen_port, UniqueFd listener,
                         const std::string& target_ipv4, int target_port);
    /// Stops accepting on one port of an owner; running connections go on.
    void close_port(std::int64_t owner, int listen_port);
    /// Closes the owner's listeners and connections; returns when they are closed.
    void drop(std::int64_t owner);
    /// Resets the owner's running connections, or everybody's when `owner` is 0.
    void reset_connections(std::int64_t owner);
    /// The next `count` connections to `target_port` are reset once `after_bytes` went through.
    void cut_next(int count, std::uint64_t after_bytes, int target_port);
    /// How many connections are still to be cut.
    [[nodiscard]] int cuts_left() const;

private:
    class Impl;
    explicit Relay(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace hatchery::sandbox
