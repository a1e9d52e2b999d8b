#include "integration/remote/faulty_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

namespace hatchery::test {

namespace {

using Clock = std::chrono::steady_clock;
using remote::UniqueFd;

constexpr std::size_t queue_limit = 8U << 20U;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

struct Piece {
    std::string bytes;
    Clock::time_point due;
};

/// One direction of a link.
struct Way {
    int from = -1;
    int to = -1;
    std::deque<Piece> queue;
    std::size_t queued = 0;
    std::uint64_t seen = 0;
    bool ended = false;

    /// `false` when the sender is gone.
    bool take(std::chrono::milliseconds delay, std::atomic<std::uint64_t>* count) {
        std::array<char, 65536> buffer{};
        while (queued < queue_limit) {
            const ssize_t got = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (got < 0) return errno == EAGAIN || errno == EINTR;
            if (got == 0) {
                ended = true;
                return !queue.empty();
            }
            queue.push_back(
                {std::string(buffer.data(), static_cast<std::size_t>(got)), Clock::now() + delay});
            queued += static_cast<std::size_t>(got);
            seen += static_cast<std::uint64_t>(got);
            if (count != nullptr) *count += static_cast<std::uint64_t>(got);
        }
        return true;
    }

    bool give() {
        while (!queue.empty() && queue.front().due <= Clock::now()) {
            std::string& bytes = queue.front().bytes;
            const ssize_t sent =
                ::send(to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent < 0) return errno == EAGAIN || errno == EINTR;
            queued -= static_cast<std::size_t>(sent);
            bytes.erase(0, static_cast<std::size_t>(sent));
            if (!bytes.empty()) return true;
            queue.pop_front();
        }
        return !(ended && queue.empty());
    }
};

}  // namespace

struct FaultyProxy::Link {
    UniqueFd client;
    UniqueFd server;
    Way up;
    Way down;
};

FaultyProxy::FaultyProxy(std::uint16_t server_port)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      server_port_(server_port) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::listen(listener_.get(), 128) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("the proxy cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

FaultyProxy::~FaultyProxy() = default;

void FaultyProxy::serve(const std::stop_token& stop) {
    std::vector<std::unique_ptr<Link>> links;
    int cuts_done = 0;
    while (!stop.stop_requested()) {
        std::vector<pollfd> waits{{.fd = listener_.get(), .events = POLLIN, .revents = 0}};
        for (const auto& link : links) {
            for (const Way* way : {&link->up, &link->down}) {
                if (way->queued < queue_limit && !way->ended && !holding_) {
                    waits.push_back({.fd = way->from, .events = POLLIN, .revents = 0});
                }
            }
        }
        // Short, because switches and due times have no descriptor of their own.
        ::poll(waits.data(), waits.size(), 1);
        for (;;) {
            UniqueFd client(
                ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!client.valid()) break;
            ++connections_;
            auto link = std::make_unique<Link>();
            link->client = std::move(client);
            link->server = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            const sockaddr_in address = loopback(server_port_);
            if (::connect(link->server.get(), reinterpret_cast<const sockaddr*>(&address),
                          sizeof address) != 0) {
                continue;
            }
            const int on = 1;
            for (const int fd : {link->client.get(), link->server.get()}) {
                ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            }
            link->up.from = link->down.to = link->client.get();
            link->up.to = link->down.from = link->server.get();
            links.push_back(std::move(link));
        }
        if (cuts_done != cuts_) {
            cuts_done = cuts_;
            links.clear();
        }
        if (holding_) continue;
        std::erase_if(links, [&](const auto& link) {
            const bool alive = link->up.take(delay_, &bytes_from_clients_) &&
                               link->down.take(delay_, nullptr) && link->up.give() &&
                               link->down.give();
            return !alive || (cut_after_ != 0 && link->up.seen >= cut_after_);
        });
    }
}

}  // namespace hatchery::test
