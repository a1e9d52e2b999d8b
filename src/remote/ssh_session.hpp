#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "ports/remote_host.hpp"
#include "remote/call_wait.hpp"
#include "remote/unique_fd.hpp"

// libssh2's own names for its handles, so that its header stays out of this one.
struct _LIBSSH2_SESSION;
struct _LIBSSH2_CHANNEL;

namespace hatchery::remote {

/// A channel belongs to its session and goes with it; a finished one is freed by its user.
using SshChannel = _LIBSSH2_CHANNEL;

/// One authenticated SSH connection, in non-blocking mode. Used by one thread at a time. After any
/// error it is in an unknown state and good for nothing but destruction.
class SshSession {
public:
    /// Connects, compares the host key with the pinned ones before anything about the user is
    /// said, and logs in. Errors as ports::RemoteHost says, all with Effect::none.
    [[nodiscard]] static base::Result<std::unique_ptr<SshSession>> connect(
        const ports::SshTarget& target, const CallWait& wait);

    ~SshSession();
    SshSession(const SshSession&) = delete;
    SshSession& operator=(const SshSession&) = delete;

    /// Whether the peer has closed the connection as far as the kernel knows; asks nobody.
    [[nodiscard]] bool peer_has_closed() const;

    enum class Trust : std::uint8_t {
        prepared_channel,  ///< the one opened in advance will do: no round trip
        answer_wanted,     ///< the peer must show by an answer that it lives
    };
    /// A channel for a command. An error means that no command was sent.
    [[nodiscard]] base::Result<SshChannel*> open_channel(Trust trust, const CallWait& wait);
    /// Asks for the next command's channel without waiting for it, which saves that command a
    /// round trip. `false` when the session is broken.
    [[nodiscard]] bool prepare_channel();

    /// Waits until the socket is ready for what libssh2 last said EAGAIN about.
    [[nodiscard]] base::Result<void> wait(const CallWait& wait);
    /// Whether libssh2's last EAGAIN left a packet half written. The same call must be repeated,
    /// with the same arguments, before any other.
    [[nodiscard]] bool blocked_in_write() const;
    /// The typed error of a libssh2 return code; Effect::none.
    [[nodiscard]] base::Error error(int code, std::string_view doing) const;

    [[nodiscard]] _LIBSSH2_SESSION* raw() const { return session_; }
    [[nodiscard]] int socket() const { return socket_.get(); }

private:
    SshSession(UniqueFd socket, std::string name);

    [[nodiscard]] static base::Result<void> check_client_key(const base::Secret& key);
    [[nodiscard]] base::Result<void> handshake(const CallWait& wait);
    [[nodiscard]] base::Result<void> check_host_key(const ports::SshTarget& target) const;
    [[nodiscard]] base::Result<void> log_in(const ports::SshTarget& target, const CallWait& wait);
    [[nodiscard]] base::Result<SshChannel*> finish_opening(const CallWait& wait);

    UniqueFd socket_;
    /// `user@host:port`, for messages.
    std::string name_;
    _LIBSSH2_SESSION* session_ = nullptr;
    SshChannel* prepared_ = nullptr;
};

}  // namespace hatchery::remote
