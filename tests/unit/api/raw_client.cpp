#include "raw_client.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace hatchery::testing {

RawClient::RawClient(std::uint16_t port, std::uint8_t host)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xFFU) | host);
    sockaddr own{};
    __builtin_memcpy(&own, &address, sizeof address);
    if (::bind(socket_, &own, sizeof own) != 0) throw std::runtime_error("bind");
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr generic{};
    static_assert(sizeof generic == sizeof address);
    __builtin_memcpy(&generic, &address, sizeof address);
    if (::connect(socket_, &generic, sizeof generic) != 0) throw std::runtime_error("connect");
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawClient::~RawClient() {
    if (socket_ >= 0) ::close(socket_);
}

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      unread_(std::move(other.unread_)),
      closed_(other.closed_) {}

void RawClient::vanish() {
    // A filter without any program but "keep nothing" sees segments before TCP does.
    sock_filter drop_all{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = 0};
    const sock_fprog filter{.len = 1, .filter = &drop_all};
    if (::setsockopt(socket_, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) {
        throw std::runtime_error("SO_ATTACH_FILTER");
    }
}

bool RawClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool RawClient::read_some(std::chrono::steady_clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    if (closed_ || left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) {
        return false;
    }
    char buffer[16384];
    const auto count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) {
        closed_ = true;
        return false;
    }
    unread_.append(buffer, static_cast<std::size_t>(count));
    return true;
}

std::string RawClient::read_until(std::string_view text, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (unread_.find(text) == std::string::npos && read_some(deadline)) {
    }
    return std::exchange(unread_, {});
}

std::string RawClient::read_response(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (unread_.find("\r\n\r\n") == std::string::npos) {
        if (!read_some(deadline)) return std::exchange(unread_, {});
    }
    const auto head = unread_.find("\r\n\r\n") + 4;
    const auto field = unread_.find("Content-Length: ");
    const auto length = field < head ? std::stoul(unread_.substr(field + 16, 10)) : 0UL;
    while (unread_.size() < head + length && read_some(deadline)) {
    }
    const auto size = std::min(unread_.size(), head + length);
    std::string response = unread_.substr(0, size);
    unread_.erase(0, size);
    return response;
}

std::string RawClient::read_all(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (read_some(deadline)) {
    }
    return std::exchange(unread_, {});
}

void RawClient::end_sending() { ::shutdown(socket_, SHUT_WR); }

int status_of(std::string_view response) {
    if (!response.starts_with("HTTP/1.1 ") || response.size() < 12) return 0;
    return std::stoi(std::string(response.substr(9, 3)));
}

}  // namespace hatchery::testing
