#include "remote/ssh_session.hpp"

#include <fmt/format.h>
#include <libssh2.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "base/encoding.hpp"
#include "remote/tcp_connect.hpp"

namespace hatchery::remote {

namespace {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::Result;

void start_libssh2_once() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (libssh2_init(0) != 0) throw std::runtime_error("libssh2 does not start");
    });
}

/// The key blob of an OpenSSH public key line, or nothing.
std::string key_blob(std::string_view line) {
    static constexpr std::string_view type = "ssh-ed25519 ";
    if (line.substr(0, type.size()) != type) return {};
    line.remove_prefix(type.size());
    line = line.substr(0, line.find_first_of(" \t\r\n"));
    return base::base64_decode(line).value_or(std::string{});
}

Error host_key_mismatch(const std::string& name, std::string_view cause) {
    Error error = fail(ErrorKind::conflict, fmt::format("{} {}", name, cause),
                       "Do not trust this server: destroy it and deploy again.")
                      .value();
    error.code = "host_key_mismatch";
    return error;
}

ErrorKind kind_of(int code) {
    switch (code) {
        case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
        case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
        case LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
            return ErrorKind::unauthorized;
        case LIBSSH2_ERROR_TIMEOUT:
        case LIBSSH2_ERROR_SOCKET_TIMEOUT:
            return ErrorKind::timeout;
        case LIBSSH2_ERROR_FILE:
        case LIBSSH2_ERROR_KEYFILE_AUTH_FAILED:
            return ErrorKind::invalid;
        case LIBSSH2_ERROR_BAD_USE:
        case LIBSSH2_ERROR_ALLOC:
        case LIBSSH2_ERROR_INVAL:
            return ErrorKind::internal;
        case LIBSSH2_ERROR_PROTO:
        case LIBSSH2_ERROR_DECRYPT:
        case LIBSSH2_ERROR_INVALID_MAC:
            return ErrorKind::bad_response;
        default:
            return ErrorKind::unavailable;
    }
}

}  // namespace

SshSession::SshSession(UniqueFd socket, std::string name)
    : socket_(std::move(socket)),
      name_(std::move(name)),
      session_(libssh2_session_init_ex(nullptr, nullptr, nullptr, nullptr)) {
    if (session_ == nullptr) throw std::bad_alloc();
    libssh2_session_set_blocking(session_, 0);
}

SshSession::~SshSession() {
    // One attempt to say good-bye; the peer learns it from the closed socket otherwise.
    libssh2_session_disconnect(session_, "closed");
    // With the socket shut down, freeing cannot wait for answers; the bound is a belt to it.
    ::shutdown(socket_.get(), SHUT_RDWR);
    for (int i = 0; i < 1000; ++i) {
        if (libssh2_session_free(session_) != LIBSSH2_ERROR_EAGAIN) break;
    }
}

Result<std::unique_ptr<SshSession>> SshSession::connect(const ports::SshTarget& target,
                                                        const CallWait& wait) {
    start_libssh2_once();
    if (auto checked = check_client_key(target.private_key); !checked) {
        return tl::unexpected(checked.error());
    }
    auto socket = tcp_connect(target.host, target.port, wait);
    if (!socket) return tl::unexpected(socket.error());
    std::unique_ptr<SshSession> session(new SshSession(
        std::move(*socket), fmt::format("{}@{}:{}", target.user, target.host, target.port)));
    if (auto done = session->handshake(wait); !done) return tl::unexpected(done.error());
    if (auto done = session->check_host_key(target); !done) return tl::unexpected(done.error());
    if (auto done = session->log_in(target, wait); !done) return tl::unexpected(done.error());
    return session;
}

Result<void> SshSession::check_client_key(const base::Secret& key) {
    // libssh2 reports a malformed key like a malformed packet of the server.
    static constexpr std::string_view begin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    static constexpr std::string_view end = "\n-----END OPENSSH PRIVATE KEY-----";
    std::string_view text = key.reveal();
    const auto stop = text.find(end);
    if (!text.starts_with(begin) || stop == std::string_view::npos || stop < begin.size()) {
        return fail(ErrorKind::invalid, "the client key is no private key in OpenSSH's text form");
    }
    return {};
}

Result<void> SshSession::handshake(const CallWait& wait_for) {
    // AES-128 is as safe as AES-256 here and a third faster on servers without much CPU.
    libssh2_session_method_pref(session_, LIBSSH2_METHOD_HOSTKEY, "ssh-ed25519");
    libssh2_session_method_pref(session_, LIBSSH2_METHOD_CRYPT_CS, "aes128-ctr,aes256-ctr");
    libssh2_session_method_pref(session_, LIBSSH2_METHOD_CRYPT_SC, "aes128-ctr,aes256-ctr");
    libssh2_session_method_pref(session_, LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256,hmac-sha2-512");
    libssh2_session_method_pref(session_, LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256,hmac-sha2-512");
    for (;;) {
        const int code = libssh2_session_handshake(session_, socket_.get());
        if (code == 0) return {};
        // No common methods. A connection that breaks meanwhile has other codes.
        if (code == LIBSSH2_ERROR_KEX_FAILURE) {
            return fail(host_key_mismatch(name_, "offers no Ed25519 host key"));
        }
        if (code != LIBSSH2_ERROR_EAGAIN) return fail(error(code, "the SSH handshake"));
        if (auto ready = wait(wait_for); !ready) return ready;
    }
}

Result<void> SshSession::check_host_key(const ports::SshTarget& target) const {
    std::size_t size = 0;
    int type = 0;
    const char* const bytes = libssh2_session_hostkey(session_, &size, &type);
    if (bytes == nullptr) return fail(host_key_mismatch(name_, "shows no host key"));
    const std::string_view shown(bytes, size);
    for (const std::string& line : target.host_keys) {
        if (const std::string pinned = key_blob(line); !pinned.empty() && pinned == shown)
            return {};
    }
    return fail(host_key_mismatch(name_, "shows another host key than the one it was given"));
}

Result<void> SshSession::log_in(const ports::SshTarget& target, const CallWait& wait_for) {
    const std::string& key = target.private_key.reveal();
    for (;;) {
        const int code =
            libssh2_userauth_publickey_frommemory(session_, target.user.data(), target.user.size(),
                                                  nullptr, 0, key.data(), key.size(), nullptr);
        if (code == 0) return {};
        if (code != LIBSSH2_ERROR_EAGAIN) return fail(error(code, "the login"));
        if (auto ready = wait(wait_for); !ready) return ready;
    }
}

bool SshSession::peer_has_closed() const {
    char byte = 0;
    const ssize_t got = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

Result<SshChannel*> SshSession::finish_opening(const CallWait& wait_for) {
    if (prepared_ != nullptr) return std::exchange(prepared_, nullptr);
    for (;;) {
        if (SshChannel* channel = libssh2_channel_open_session(session_)) return channel;
        const int code = libssh2_session_last_errno(session_);
        if (code != LIBSSH2_ERROR_EAGAIN) return fail(error(code, "opening a channel"));
        if (auto ready = wait(wait_for); !ready) return tl::unexpected(ready.error());
    }
}

Result<SshChannel*> SshSession::open_channel(Trust trust, const CallWait& wait_for) {
    auto first = finish_opening(wait_for);
    if (!first || trust == Trust::prepared_channel) return first;
    // The first one's confirmation may have lain in the socket for long: only another answer
    // shows that the peer lives now.
    auto second = finish_opening(wait_for);
    if (second) prepared_ = *first;
    return second;
}

bool SshSession::prepare_channel() {
    if (prepared_ == nullptr) prepared_ = libssh2_channel_open_session(session_);
    return prepared_ != nullptr || libssh2_session_last_errno(session_) == LIBSSH2_ERROR_EAGAIN;
}

Result<void> SshSession::wait(const CallWait& wait_for) {
    // A half-written packet must go first; waiting for input as well would spin until it does.
    const short events = blocked_in_write() ? POLLOUT : POLLIN;
    quick_ack(socket_.get());
    return wait_for.ready(socket_.get(), events);
}

bool SshSession::blocked_in_write() const {
    return (libssh2_session_block_directions(session_) & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
}

Error SshSession::error(int code, std::string_view doing) const {
    char* text = nullptr;
    libssh2_session_last_error(session_, &text, nullptr, 0);
    Error error = fail(kind_of(code), fmt::format("{} failed at {}: {}", doing, name_,
                                                  text != nullptr ? text : "unknown cause"))
                      .value();
    error.code = fmt::format("ssh{}", code);
    return error;
}

}  // namespace hatchery::remote
