#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "remote/ssh_session.hpp"
#include "remote/unique_fd.hpp"

namespace hatchery::remote {

/// Carries local connections over direct-tcpip channels of one session. Used by one thread.
///
/// libssh2 allows only one channel opening at a time (`opening_`), and after a half-written packet
/// nothing but the same call again (`half_written_`). What a slow reader does not take stays in
/// its channel's window and holds up nobody else.
class TunnelPump {
public:
    /// `control` is an idle channel: reading it takes in what the server says while there is no
    /// connection.
    TunnelPump(SshSession& session, SshChannel* control, std::uint16_t remote_port);
    ~TunnelPump();
    TunnelPump(const TunnelPump&) = delete;
    TunnelPump& operator=(const TunnelPump&) = delete;

    /// Carries what can be carried without waiting. `false` once the session is broken.
    [[nodiscard]] bool run_once();
    /// Takes over a new local connection.
    void add(UniqueFd client);
    /// Whether more connections are taken for now.
    [[nodiscard]] bool has_room() const;

    /// What to wait for: pairs of a descriptor and poll(2) events. Descriptors may be left out
    /// that have nothing to say for now.
    struct Interest {
        int fd;
        short events;
    };
    void collect(std::vector<Interest>& interests) const;

private:
    struct Connection;
    enum class Act : std::uint8_t { open, send, send_end, receive, free };
    enum class Moved : std::uint8_t { no, yes, session_broken };
    struct HalfWritten {
        Connection* connection;
        Act act;
    };

    Moved carry(Connection& one);
    Moved perform(Connection& one, Act act);
    long attempt(Connection& one, Act act);
    long open(Connection& one);
    long send(Connection& one);
    long send_end(Connection& one);
    long receive(Connection& one);
    long free(Connection& one);
    static void read_client(Connection& one);
    static bool write_client(Connection& one);

    SshSession& session_;
    SshChannel* control_;
    std::uint16_t remote_port_;
    std::vector<std::unique_ptr<Connection>> connections_;
    Connection* opening_ = nullptr;
    std::optional<HalfWritten> half_written_;
};

}  // namespace hatchery::remote
