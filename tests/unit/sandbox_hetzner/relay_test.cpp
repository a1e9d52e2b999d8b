#include "sandbox/hosts/relay.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "sandbox/hosts/namespaces.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox;

namespace {

constexpr std::size_t kMegabyte = 1024 * 1024;

int port_of(int socket) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    return ntohs(address.sin_port);
}

UniqueFd connect_to(int port) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        socket.reset();
    }
    return socket;
}

void send_all(int socket, std::size_t bytes) {
    const std::vector<char> block(kMegabyte, 'x');
    while (bytes > 0) {
        const ssize_t sent =
            ::send(socket, block.data(), std::min(bytes, block.size()), MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        bytes -= static_cast<std::size_t>(sent);
    }
    ::shutdown(socket, SHUT_WR);
}

/// Reads to the end; the number of bytes, or -1 when the connection was reset.
ssize_t read_all(int socket) {
    std::vector<char> buffer(kMegabyte);
    ssize_t total = 0;
    while (true) {
        const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            return got == 0 ? total : -1;
        }
        total += got;
    }
}

/// A server that counts what it receives until the end and then says how much that was, in eight
/// bytes; with the relay in front of it.
class Fixture {
public:
    Fixture() {
        auto target = listen_tcp("127.0.0.1", 0);
        auto entry = listen_tcp("127.0.0.1", 0);
        auto started = Relay::start(-1, [](const std::string&) {});
        REQUIRE(target);
        REQUIRE(entry);
        REQUIRE(started);
        target_ = std::move(*target);
        relay = std::move(*started);
        port = port_of(entry->get());
        target_port = port_of(target_.get());
        REQUIRE(relay->forward(7, port, std::move(*entry), "127.0.0.1", target_port));
    }

    /// Takes the next connection that the relay makes.
    UniqueFd accept() {
        pollfd_wait();
        UniqueFd accepted(::accept4(target_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        REQUIRE(accepted.valid());
        return accepted;
    }

    std::unique_ptr<Relay> relay;
    int port = 0;
    int target_port = 0;

private:
    void pollfd_wait() const {
        fd_set ready;
        FD_ZERO(&ready);
        FD_SET(target_.get(), &ready);
        timeval limit{10, 0};
        REQUIRE(::select(target_.get() + 1, &ready, nullptr, nullptr, &limit) == 1);
    }

    UniqueFd target_;
};

}  // namespace

TEST_CASE("a relay carries large transfers both ways and passes each end on") {
    Fixture fixture;
    const UniqueFd client = connect_to(fixture.port);
    const UniqueFd server = fixture.accept();
    constexpr std::size_t kBytes = 64 * kMegabyte;
    ssize_t at_server = 0;
    ssize_t at_client = 0;
    {
        const std::jthread upload([&] { send_all(client.get(), kBytes); });
        const std::jthread download([&] { send_all(server.get(), kBytes + 1); });
        const std::jthread reader([&] { at_server = read_all(server.get()); });
        at_client = read_all(client.get());
    }
    CHECK(at_server == static_cast<ssize_t>(kBytes));
    CHECK(at_client == static_cast<ssize_t>(kBytes + 1));
}

TEST_CASE("one direction may end while the other goes on") {
    Fixture fixture;
    const UniqueFd client = connect_to(fixture.port);
    const UniqueFd server = fixture.accept();
    send_all(client.get(), 3);
    CHECK(read_all(server.get()) == 3);
    send_all(server.get(), 5);
    CHECK(read_all(client.get()) == 5);
}

TEST_CASE("a relay serves hundreds of connections at once") {
    Fixture fixture;
    std::vector<UniqueFd> clients;
    std::vector<UniqueFd> servers;
    for (int number = 0; number < 300; ++number) {
        clients.push_back(connect_to(fixture.port));
        servers.push_back(fixture.accept());
    }
    for (auto& client : clients) {
        send_all(client.get(), 10);
    }
    for (auto& server : servers) {
        CHECK(read_all(server.get()) == 10);
    }
}

TEST_CASE("a refused target resets the client") {
    Fixture fixture;
    auto entry = listen_tcp("127.0.0.1", 0);
    REQUIRE(entry);
    const int port = port_of(entry->get());
    auto closed = listen_tcp("127.0.0.1", 0);
    const int nobody = port_of(closed->get());
    closed->reset();
    REQUIRE(fixture.relay->forward(8, port, std::move(*entry), "127.0.0.1", nobody));
    const UniqueFd client = connect_to(port);
    if (client.valid()) {
        CHECK(read_all(client.get()) == -1);
    }
}

TEST_CASE("dropping an owner resets its connections and closes its ports") {
    Fixture fixture;
    const UniqueFd client = connect_to(fixture.port);
    const UniqueFd server = fixture.accept();
    fixture.relay->drop(7);
    CHECK(read_all(client.get()) == -1);
    CHECK(read_all(server.get()) == -1);
    CHECK_FALSE(connect_to(fixture.port).valid());
}

TEST_CASE("closing a port leaves its connections alone") {
    Fixture fixture;
    const UniqueFd client = connect_to(fixture.port);
    const UniqueFd server = fixture.accept();
    fixture.relay->close_port(7, fixture.port);
    CHECK_FALSE(connect_to(fixture.port).valid());
    send_all(client.get(), 4);
    CHECK(read_all(server.get()) == 4);
}

TEST_CASE("a cut connection is reset after its bytes, the next one lives") {
    Fixture fixture;
    fixture.relay->cut_next(1, 1000, fixture.target_port);
    CHECK(fixture.relay->cuts_left() == 1);
    const UniqueFd client = connect_to(fixture.port);
    const UniqueFd server = fixture.accept();
    send_all(client.get(), 5000);
    CHECK(read_all(server.get()) == -1);
    CHECK(fixture.relay->cuts_left() == 0);
    const UniqueFd second = connect_to(fixture.port);
    const UniqueFd second_server = fixture.accept();
    send_all(second.get(), 5000);
    CHECK(read_all(second_server.get()) == 5000);
}
