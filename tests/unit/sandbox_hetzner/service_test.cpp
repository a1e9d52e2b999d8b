#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api_client.hpp"
#include "sandbox/cloud/api_service.hpp"
#include "sandbox/hosts/unique_fd.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using namespace hatchery::sandbox;

namespace {

/// Sends one request on a connection of its own and gives all that comes back.
std::string exchange(int port, const std::string& request) {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    std::string answer;
    char buffer[4096];
    ssize_t got = 0;
    while ((got = ::recv(socket.get(), buffer, sizeof buffer, 0)) > 0) {
        answer.append(buffer, static_cast<std::size_t>(got));
    }
    return answer;
}

ApiService::Handler handler_of(ApiClient& client) {
    return [&client](const ApiCall& call) { return client.api.handle(call); };
}

std::string request(const std::string& line, const std::string& body = {}) {
    return line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer t\r\n" +
           (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") +
           "\r\n" + body;
}

}  // namespace

TEST_CASE("the API answers over HTTP, also to a POST without a length") {
    ApiClient client;
    client.token = "t";
    ApiService service(handler_of(client), "/v1", [](const std::string&) {});
    std::string error;
    REQUIRE(service.start("127.0.0.1", 0, error));
    CHECK(service.base_url() == "http://127.0.0.1:" + std::to_string(service.port()) + "/v1");

    const std::string made =
        exchange(service.port(), request("POST /v1/servers", server_body("web-1").dump()));
    CHECK(made.starts_with("HTTP/1.1 201"));
    CHECK(made.find("RateLimit-Remaining: 3599") != std::string::npos);
    const auto id = client.get("/servers")["servers"][0]["id"];
    client.wait_for_status(id, "running");
    const std::string path = "/v1/servers/" + id.dump();
    CHECK(exchange(service.port(), request("POST " + path + "/actions/reboot"))
              .starts_with("HTTP/1.1 201"));
    CHECK(exchange(service.port(), request("DELETE " + path)).starts_with("HTTP/1.1 200"));
    CHECK(exchange(service.port(), request("GET " + path)).starts_with("HTTP/1.1 404"));
    CHECK(exchange(service.port(), request("GET /elsewhere")).starts_with("HTTP/1.1 404"));
    service.stop();
}

TEST_CASE("a lost answer is a closed connection without a byte") {
    ApiClient client;
    client.token = "t";
    ApiService service(handler_of(client), "/v1", [](const std::string&) {});
    std::string error;
    REQUIRE(service.start("127.0.0.1", 0, error));
    client.set_faults({{"createAnswerLost", 1}});
    CHECK(
        exchange(service.port(), request("POST /v1/servers", server_body("web-1").dump())).empty());
    CHECK(client.get("/servers")["servers"].size() == 1);
}

TEST_CASE("an address that is taken is said so") {
    ApiClient client;
    ApiService first(handler_of(client), "/v1", [](const std::string&) {});
    std::string error;
    REQUIRE(first.start("127.0.0.1", 0, error));
    ApiService second(handler_of(client), "/v1", [](const std::string&) {});
    CHECK_FALSE(second.start("127.0.0.1", first.port(), error));
    CHECK(error.find(std::to_string(first.port())) != std::string::npos);
}
