#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "integration/remote/faulty_proxy.hpp"
#include "integration/remote/remote_world.hpp"
#include "remote/unique_fd.hpp"
#include "support/catch.hpp"

namespace hatchery::test {

using namespace std::chrono_literals;
using remote::UniqueFd;
using Clock = std::chrono::steady_clock;

namespace {

void send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

std::string receive_all(int fd) {
    std::string text;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

/// Serves each connection in a thread of its own on a port of 127.0.0.1.
class LocalService {
public:
    explicit LocalService(std::function<void(int)> serve)
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(::listen(listener_.get(), 128) == 0);
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        acceptor_ = std::jthread([this, serve](const std::stop_token& stop) {
            std::vector<std::jthread> threads;
            while (!stop.stop_requested()) {
                pollfd wait{.fd = listener_.get(), .events = POLLIN, .revents = 0};
                if (::poll(&wait, 1, 20) <= 0) continue;
                const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
                if (fd < 0) continue;
                threads.emplace_back([fd, serve] {
                    const UniqueFd owner(fd);
                    const timeval limit{.tv_sec = 20, .tv_usec = 0};
                    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
                    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
                    serve(fd);
                });
            }
        });
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    UniqueFd listener_;
    std::uint16_t port_ = 0;
    std::jthread acceptor_;
};

UniqueFd local_socket() { return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

bool connect_socket(const UniqueFd& fd, const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return false;
    }
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return true;
}

UniqueFd connect_to(const std::string& path) {
    UniqueFd fd = local_socket();
    return connect_socket(fd, path) ? std::move(fd) : UniqueFd();
}

/// While it lives, the process can open no file more.
class NoFreeFiles {
public:
    NoFreeFiles() {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual_) == 0);
        // The first free number: fewer would forbid polling for those that are open, too.
        const UniqueFd first(::dup(STDIN_FILENO));
        REQUIRE(first.valid());
        const rlimit none{.rlim_cur = static_cast<rlim_t>(first.get()),
                          .rlim_max = usual_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    }
    ~NoFreeFiles() { ::setrlimit(RLIMIT_NOFILE, &usual_); }
    NoFreeFiles(const NoFreeFiles&) = delete;
    NoFreeFiles& operator=(const NoFreeFiles&) = delete;

private:
    rlimit usual_{};
};

/// Processor time that this process uses while it waits for so long.
std::chrono::nanoseconds cpu_while(std::chrono::milliseconds time) {
    const auto cpu = [] {
        timespec used{};
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
    };
    const auto before = cpu();
    pollfd nothing{.fd = -1, .events = 0, .revents = 0};
    ::poll(&nothing, 1, static_cast<int>(time.count()));
    return cpu() - before;
}

std::unique_ptr<ports::Tunnel> open_tunnel(RemoteWorld& world, std::uint16_t port) {
    auto tunnel = world.host().open_tunnel(world.target(), port, soon());
    if (!tunnel) FAIL(tunnel.error().message);
    return std::move(*tunnel);
}

/// Reads one HTTP request's head and answers with its first line.
void answer_http(int fd) {
    std::string head;
    std::array<char, 4096> buffer{};
    while (head.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) return;
        head.append(buffer.data(), static_cast<std::size_t>(got));
    }
    const std::string body = head.substr(0, head.find("\r\n")) + std::string(50'000, '.');
    send_all(fd, fmt::format("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
                             body.size(), body));
}

}  // namespace

TEST_CASE("20 parallel HTTP requests through one tunnel each get their own answer") {
    RemoteWorld world;
    const LocalService service(answer_http);
    const auto tunnel = open_tunnel(world, service.port());
    std::vector<int> right(20, 0);
    {
        std::vector<std::jthread> crowd;
        for (std::size_t i = 0; i < right.size(); ++i) {
            crowd.emplace_back([&, i] {
                for (int round = 0; round < 5; ++round) {
                    const UniqueFd fd = connect_to(tunnel->socket_path());
                    send_all(fd.get(),
                             fmt::format("GET /{}/{} HTTP/1.1\r\nHost: x\r\n\r\n", i, round));
                    const std::string answer = receive_all(fd.get());
                    const std::string line = fmt::format("\r\n\r\nGET /{}/{} HTTP/1.1.", i, round);
                    if (answer.find(line) != std::string::npos && answer.size() > 50'000) {
                        ++right[i];
                    }
                }
            });
        }
    }
    CHECK(right == std::vector<int>(20, 5));
    CHECK(tunnel->alive());
    CHECK(world.sshd().logins() == 1);
}

TEST_CASE("megabytes pass a tunnel whole in both directions at once") {
    RemoteWorld world;
    const LocalService echo([](int fd) {
        std::array<char, 65536> buffer{};
        for (;;) {
            const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
            if (got <= 0) break;
            send_all(fd, {buffer.data(), static_cast<std::size_t>(got)});
        }
    });
    const auto tunnel = open_tunnel(world, echo.port());
    std::vector<int> right(3, 0);
    {
        std::vector<std::jthread> crowd;
        for (std::size_t i = 0; i < right.size(); ++i) {
            crowd.emplace_back([&, i] {
                std::string text;
                for (int n = 0; text.size() < 6'000'000; ++n) text += fmt::format("{}/{} ", i, n);
                const UniqueFd fd = connect_to(tunnel->socket_path());
                std::jthread sender([&] {
                    send_all(fd.get(), text);
                    ::shutdown(fd.get(), SHUT_WR);
                });
                if (receive_all(fd.get()) == text) right[i] = 1;
            });
        }
    }
    CHECK(right == std::vector<int>(3, 1));
}

TEST_CASE("a connection that nobody reads holds up no other") {
    RemoteWorld world;
    const LocalService flood([](int fd) {
        std::array<char, 16> buffer{};
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got > 0 && buffer[0] == 'f') send_all(fd, std::string(20'000'000, 'x'));
        send_all(fd, "end");
    });
    const auto tunnel = open_tunnel(world, flood.port());
    const UniqueFd lazy = connect_to(tunnel->socket_path());
    send_all(lazy.get(), "flood");
    for (int i = 0; i < 5; ++i) {
        const UniqueFd quick = connect_to(tunnel->socket_path());
        send_all(quick.get(), "quick");
        CHECK(receive_all(quick.get()) == "end");
    }
    CHECK(receive_all(lazy.get()).size() == 20'000'003);
}

TEST_CASE("a port that nobody listens on closes the connection, and the tunnel lives on") {
    RemoteWorld world;
    const auto tunnel = open_tunnel(world, free_port());
    for (int i = 0; i < 3; ++i) {
        const UniqueFd fd = connect_to(tunnel->socket_path());
        REQUIRE(fd.valid());
        CHECK(receive_all(fd.get()).empty());
    }
    CHECK(tunnel->alive());
}

TEST_CASE("the socket is for this user only, and is gone with the tunnel") {
    RemoteWorld world;
    auto tunnel = open_tunnel(world, 9);
    const std::string path = tunnel->socket_path();
    const std::string folder = path.substr(0, path.rfind('/'));
    struct stat about{};
    REQUIRE(::stat(folder.c_str(), &about) == 0);
    CHECK((about.st_mode & 07777U) == 0700U);
    CHECK(about.st_uid == ::geteuid());
    const UniqueFd open = connect_to(path);
    CHECK(open.valid());
    tunnel.reset();
    CHECK(::stat(folder.c_str(), &about) != 0);
    CHECK_FALSE(connect_to(path).valid());
    CHECK(receive_all(open.get()).empty());
}

TEST_CASE("what a killed process left of its tunnels is removed, and nothing else") {
    RemoteWorld world;
    const std::string left = world.sshd().folder() + "/hatchery-tunnel-2147483000-abcdef";
    const std::string alive =
        fmt::format("{}/hatchery-tunnel-{}-abcdef", world.sshd().folder(), ::getpid());
    const std::string other = world.sshd().folder() + "/hatchery-tunnels";
    for (const std::string& folder : {left, alive, other}) {
        REQUIRE(::mkdir(folder.c_str(), 0700) == 0);
        write_file(folder + "/s", "");
    }
    const auto tunnel = open_tunnel(world, 9);
    CHECK(::access(left.c_str(), F_OK) != 0);
    CHECK(::access(alive.c_str(), F_OK) == 0);
    CHECK(::access(other.c_str(), F_OK) == 0);
}

TEST_CASE("a broken session ends the tunnel: not alive, connections closed, no more taken") {
    RemoteWorld world;
    FaultyProxy proxy(world.target().port);
    world.aim_at(proxy.port());
    const LocalService silent([](int fd) { (void)receive_all(fd); });
    const auto tunnel = open_tunnel(world, silent.port());
    const UniqueFd fd = connect_to(tunnel->socket_path());
    send_all(fd.get(), "hello");
    proxy.cut();
    CHECK(receive_all(fd.get()).empty());
    const auto deadline = Clock::now() + 10s;
    while (tunnel->alive() && Clock::now() < deadline) std::this_thread::yield();
    CHECK_FALSE(tunnel->alive());
    CHECK_FALSE(connect_to(tunnel->socket_path()).valid());
}

TEST_CASE("an idle tunnel uses no processor time and ends at once") {
    RemoteWorld world;
    auto tunnel = open_tunnel(world, 9);
    const UniqueFd open = connect_to(tunnel->socket_path());
    (void)receive_all(open.get());
    CHECK(cpu_while(300ms) < 50ms);
    const auto start = Clock::now();
    tunnel.reset();
    CHECK(Clock::now() - start < 2s);
}

TEST_CASE("a tunnel of a process without free files rests, and goes on when there are some") {
    RemoteWorld world;
    const LocalService service(answer_http);
    const auto tunnel = open_tunnel(world, service.port());
    const UniqueFd early = connect_to(tunnel->socket_path());
    const UniqueFd fd = local_socket();
    {
        const NoFreeFiles none;
        // The system takes the connection; the tunnel cannot.
        REQUIRE(connect_socket(fd, tunnel->socket_path()));
        CHECK(cpu_while(400ms) < 100ms);
        CHECK(tunnel->alive());
    }
    send_all(fd.get(), "GET / HTTP/1.1\r\n\r\n");
    CHECK(receive_all(fd.get()).find("200 OK") != std::string::npos);
    CHECK(tunnel->alive());
}

TEST_CASE("a tunnel outlives the adapter that made it") {
    RemoteWorld world;
    const LocalService service(answer_http);
    const auto tunnel = open_tunnel(world, service.port());
    world.restart_client();
    const UniqueFd fd = connect_to(tunnel->socket_path());
    send_all(fd.get(), "GET / HTTP/1.1\r\n\r\n");
    CHECK(receive_all(fd.get()).find("200 OK") != std::string::npos);
}

}  // namespace hatchery::test
