#include "remote/tcp_connect.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace hatchery::remote {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

void set_option(int fd, int level, int option, int value) {
    // These only tune the connection; one that is refused does no harm.
    [[maybe_unused]] const int result = ::setsockopt(fd, level, option, &value, sizeof value);
}

void tune(int fd) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 20);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 8);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 45'000);
}

Result<UniqueFd> connect_one(const addrinfo& address, const std::string& host, std::uint16_t port,
                             const CallWait& wait) {
    UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int code = 0;
    if (!fd.valid()) {
        code = errno;
    } else {
        tune(fd.get());
        if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
        code = errno;
    }
    if (code == EINPROGRESS) {
        if (auto ready = wait.ready(fd.get(), POLLOUT); !ready) {
            return tl::unexpected(ready.error());
        }
        socklen_t size = sizeof code;
        if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
        if (code == 0) return fd;
    }
    return fail(ErrorKind::unavailable, fmt::format("no connection to {}:{}: {}", host, port,
                                                    std::generic_category().message(code)));
}

}  // namespace

Result<UniqueFd> tcp_connect(const std::string& host, std::uint16_t port, const CallWait& wait) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* raw = nullptr;
    const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &raw);
    const std::unique_ptr<addrinfo, FreeAddresses> list(raw);
    if (failed != 0) {
        return fail(failed == EAI_AGAIN ? ErrorKind::unavailable : ErrorKind::invalid,
                    fmt::format("no address of {}: {}", host, ::gai_strerror(failed)));
    }
    Result<UniqueFd> result = fail(ErrorKind::unavailable, "the host has no address");
    for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
        result = connect_one(*one, host, port, wait);
        if (result || result.error().kind != ErrorKind::unavailable) break;
    }
    return result;
}

void quick_ack(int fd) { set_option(fd, IPPROTO_TCP, TCP_QUICKACK, 1); }

}  // namespace hatchery::remote
