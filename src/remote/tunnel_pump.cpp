#include "remote/tunnel_pump.hpp"

#include <libssh2.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace hatchery::remote {

namespace {

constexpr std::size_t max_connections = 256;
constexpr std::size_t buffer_bytes = std::size_t{32} << 10U;

/// Errors after which the session cannot be used; others concern one channel.
bool breaks_session(long code) {
    switch (code) {
        case LIBSSH2_ERROR_CHANNEL_FAILURE:
        case LIBSSH2_ERROR_CHANNEL_CLOSED:
        case LIBSSH2_ERROR_CHANNEL_EOF_SENT:
        case LIBSSH2_ERROR_CHANNEL_UNKNOWN:
        case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED:
            return false;
        default:
            return true;
    }
}

}  // namespace

struct TunnelPump::Connection {
    UniqueFd client;
    SshChannel* channel = nullptr;
    std::string up;    ///< from the client, not yet sent
    std::string down;  ///< from the server, not yet taken by the client
    bool client_ended = false;
    bool server_told = false;  ///< that the client has ended
    bool server_ended = false;
    bool client_told = false;  ///< that the server has ended
    bool closing = false;      ///< only the channel is left, to be freed
    bool gone = false;
};

TunnelPump::TunnelPump(SshSession& session, SshChannel* control, std::uint16_t remote_port)
    : session_(session), control_(control), remote_port_(remote_port) {}

TunnelPump::~TunnelPump() = default;

void TunnelPump::add(UniqueFd client) {
    auto one = std::make_unique<Connection>();
    one->client = std::move(client);
    connections_.push_back(std::move(one));
}

bool TunnelPump::has_room() const { return connections_.size() < max_connections; }

void TunnelPump::read_client(Connection& one) {
    if (one.client_ended || !one.up.empty()) return;
    one.up.resize(buffer_bytes);
    const ssize_t got = ::recv(one.client.get(), one.up.data(), one.up.size(), MSG_DONTWAIT);
    const int code = errno;
    one.up.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (got == 0) one.client_ended = true;
    if (got < 0 && code != EAGAIN && code != EWOULDBLOCK && code != EINTR) one.closing = true;
}

bool TunnelPump::write_client(Connection& one) {
    bool moved = false;
    while (!one.down.empty()) {
        const ssize_t sent =
            ::send(one.client.get(), one.down.data(), one.down.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) one.closing = true;
            return moved;
        }
        one.down.erase(0, static_cast<std::size_t>(sent));
        moved = true;
    }
    if (one.server_ended && !one.client_told) {
        ::shutdown(one.client.get(), SHUT_WR);
        one.client_told = moved = true;
    }
    return moved;
}

long TunnelPump::open(Connection& one) {
    if (one.channel != nullptr || (opening_ != nullptr && opening_ != &one)) return 0;
    opening_ = &one;
    one.channel = libssh2_channel_direct_tcpip(session_.raw(), "127.0.0.1", remote_port_);
    const int code = one.channel != nullptr ? 1 : libssh2_session_last_errno(session_.raw());
    if (code != LIBSSH2_ERROR_EAGAIN) opening_ = nullptr;
    return code;
}

long TunnelPump::send(Connection& one) {
    if (one.up.empty()) return 0;
    const ssize_t sent = libssh2_channel_write(one.channel, one.up.data(), one.up.size());
    if (sent > 0) one.up.erase(0, static_cast<std::size_t>(sent));
    return sent;
}

long TunnelPump::send_end(Connection& one) {
    if (!one.client_ended || one.server_told || !one.up.empty()) return 0;
    const int code = libssh2_channel_send_eof(one.channel);
    one.server_told = code == 0;
    return one.server_told ? 1 : code;
}

long TunnelPump::receive(Connection& one) {
    if (!one.down.empty() || one.server_ended) return 0;
    one.down.resize(buffer_bytes);
    const ssize_t got = libssh2_channel_read(one.channel, one.down.data(), one.down.size());
    one.down.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (got != 0) return got;
    one.server_ended = libssh2_channel_eof(one.channel) == 1;
    return one.server_ended ? 1 : 0;
}

long TunnelPump::free(Connection& one) {
    // The local side should learn at once, whatever the server says.
    one.client.reset();
    const int code = one.channel != nullptr ? libssh2_channel_free(one.channel) : 0;
    if (code == LIBSSH2_ERROR_EAGAIN) return code;
    one.channel = nullptr;
    one.gone = true;
    return code == 0 ? 1 : code;
}

long TunnelPump::attempt(Connection& one, Act act) {
    switch (act) {
        case Act::open:
            return open(one);
        case Act::send:
            return send(one);
        case Act::send_end:
            return send_end(one);
        case Act::receive:
            return receive(one);
        case Act::free:
            return free(one);
    }
    return LIBSSH2_ERROR_INVAL;
}

TunnelPump::Moved TunnelPump::perform(Connection& one, Act act) {
    const long code = attempt(one, act);
    half_written_.reset();
    if (code == LIBSSH2_ERROR_EAGAIN) {
        if (session_.blocked_in_write()) half_written_ = {&one, act};
        return Moved::no;
    }
    if (code >= 0) return code > 0 ? Moved::yes : Moved::no;
    if (breaks_session(code)) return Moved::session_broken;
    one.closing = true;
    return Moved::yes;
}

TunnelPump::Moved TunnelPump::carry(Connection& one) {
    bool moved = false;
    if (!one.closing && one.channel == nullptr) {
        const Moved opened = perform(one, Act::open);
        if (opened != Moved::yes || one.closing) return opened;
        moved = true;
    }
    if (!one.closing) read_client(one);
    for (const Act act : {Act::send, Act::send_end, Act::receive}) {
        if (one.closing) break;
        const Moved result = perform(one, act);
        if (result == Moved::session_broken || half_written_) return result;
        moved = moved || result == Moved::yes;
    }
    if (!one.closing && write_client(one)) moved = true;
    if (one.server_told && one.client_told) one.closing = true;
    if (one.closing) {
        const Moved freed = perform(one, Act::free);
        if (freed != Moved::no) return freed;
    }
    return moved ? Moved::yes : Moved::no;
}

bool TunnelPump::run_once() {
    // Reading one channel may take in packets of another that had its turn already: go round
    // until nothing moves.
    for (bool moved = true; moved;) {
        moved = false;
        if (half_written_) {
            const HalfWritten first = *half_written_;
            if (perform(*first.connection, first.act) == Moved::session_broken) return false;
            if (half_written_) return true;
            moved = true;
        }
        for (const auto& one : connections_) {
            const Moved result = carry(*one);
            if (result == Moved::session_broken) return false;
            moved = moved || result == Moved::yes;
            if (half_written_) return true;
        }
        std::erase_if(connections_, [](const auto& one) { return one->gone; });
    }
    char byte = 0;
    const ssize_t code = libssh2_channel_read(control_, &byte, 1);
    return code == LIBSSH2_ERROR_EAGAIN;
}

void TunnelPump::collect(std::vector<Interest>& interests) const {
    interests.push_back({session_.socket(), half_written_ ? short{POLLOUT} : short{POLLIN}});
    for (const auto& one : connections_) {
        if (one->channel == nullptr || one->closing) continue;
        short events = 0;
        if (one->up.empty() && !one->client_ended && !half_written_) events |= POLLIN;
        if (!one->down.empty()) events |= POLLOUT;
        if (events != 0) interests.push_back({one->client.get(), events});
    }
}

}  // namespace hatchery::remote
