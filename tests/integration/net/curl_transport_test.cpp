#include "net/curl_transport.hpp"

#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/net/http_test_server.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using base::Effect;
using base::ErrorKind;
using std::chrono::steady_clock;
using support::HttpTestServer;
using support::SeenRequest;
using support::wire_answer;
using support::WireAnswer;

namespace {

constexpr auto silence = [](const SeenRequest&) {
    return WireAnswer{.bytes = "", .then = WireAnswer::Then::hold};
};
constexpr auto ok = [](const SeenRequest&) { return wire_answer(200, {}, "ok"); };

/// A loopback port on which nothing listens.
int closed_port() {
    const HttpTestServer server(ok);
    return server.port();
}

}  // namespace

TEST_CASE("a request arrives as it was written") {
    const HttpTestServer server(ok);
    const auto transport = net::make_curl_transport();
    const auto response = transport->send({.method = "POST",
                                           .url = server.url() + "/bot{secret}/setWebhook?a=b",
                                           .url_secret = base::Secret("42:Ab"),
                                           .headers = {{"X-Plain", "one"}, {"X-Empty", ""}},
                                           .bearer = base::Secret("token"),
                                           .secret_headers = {{"X-Secret", base::Secret("two")}},
                                           .body = R"({"a":1})"},
                                          base::Call::within(10s));
    REQUIRE(response);
    const auto seen = server.requests().at(0);
    CHECK(seen.method == "POST");
    CHECK(seen.target == "/bot42:Ab/setWebhook?a=b");
    CHECK(seen.body == R"({"a":1})");
    CHECK(seen.headers.at("x-plain") == "one");
    CHECK(seen.headers.at("x-empty").empty());
    CHECK(seen.headers.at("authorization") == "Bearer token");
    CHECK(seen.headers.at("x-secret") == "two");
    CHECK(seen.headers.at("user-agent") == "hatchery/0.1");
    CHECK(seen.headers.at("content-type") == "application/json");
    CHECK_FALSE(seen.headers.contains("expect"));
}

TEST_CASE("every method goes out with or without a body") {
    const HttpTestServer server([](const SeenRequest& request) {
        return request.method == "HEAD"
                   ? WireAnswer{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"}
                   : wire_answer(200, {}, "ok");
    });
    const auto transport = net::make_curl_transport();
    for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}) {
        for (const char* body : {"", "{}"}) {
            if (std::string(method) == "HEAD" && *body != '\0') continue;
            CAPTURE(method, body);
            REQUIRE(transport->send({.method = method, .url = server.url() + "/x", .body = body},
                                    base::Call::within(10s)));
            CHECK(server.requests().back().method == method);
            CHECK(server.requests().back().body == body);
        }
    }
}

TEST_CASE("a large body is sent and a large answer read") {
    const HttpTestServer server(
        [](const SeenRequest& request) { return wire_answer(200, {}, request.body); });
    const auto transport = net::make_curl_transport();
    const std::string body(3'000'000, 'b');
    const auto response = transport->send(
        {.method = "POST", .url = server.url() + "/x", .body = body}, base::Call::within(20s));
    REQUIRE(response);
    CHECK(response->body == body);
}

TEST_CASE("connections are used again, by one thread and by many") {
    const HttpTestServer server(ok);
    const auto transport = net::make_curl_transport();
    for (int i = 0; i < 20; ++i) {
        REQUIRE(transport->send({.url = server.url() + "/x"}, base::Call::within(10s)));
    }
    CHECK(server.requests().back().connection == 1);

    std::atomic<int> failed{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 50; ++i) {
                    if (!transport->send({.url = server.url() + "/x"}, base::Call::within(10s))) {
                        ++failed;
                    }
                }
            });
        }
    }
    CHECK(failed == 0);
    int connections = 0;
    for (const auto& request : server.requests()) {
        connections = std::max(connections, request.connection);
    }
    CHECK(connections <= 8);
}

TEST_CASE("a stop request cuts a silent call at once") {
    const HttpTestServer server(silence);
    const auto transport = net::make_curl_transport();
    std::stop_source stop;
    steady_clock::time_point asked;
    const std::jthread stopper([&] {
        if (server.wait_for_requests(1)) {
            asked = steady_clock::now();
            stop.request_stop();
        }
    });
    const auto response = transport->send({.method = "POST", .url = server.url() + "/x"},
                                          base::Call::within(30s, stop.get_token()));
    const auto took = steady_clock::now() - asked;
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::cancelled);
    CHECK(response.error().effect == Effect::unknown);
    // Far below the second that a progress callback would take.
    CHECK(took < 300ms);
}

TEST_CASE("the deadline ends a silent call with an unknown effect") {
    const HttpTestServer server(silence);
    const auto transport = net::make_curl_transport();
    const auto started = steady_clock::now();
    const auto response = transport->send({.url = server.url() + "/x"}, base::Call::within(200ms));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::timeout);
    CHECK(response.error().effect == Effect::unknown);
    CHECK(steady_clock::now() - started < 2s);
}

TEST_CASE("the deadline holds against an answer that drips") {
    const HttpTestServer server([](const SeenRequest&) {
        return WireAnswer{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                          .then = WireAnswer::Then::hold};
    });
    const auto transport = net::make_curl_transport();
    const auto response = transport->send({.url = server.url() + "/x"}, base::Call::within(200ms));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::timeout);
}

TEST_CASE("a refused connection has no effect") {
    const auto transport = net::make_curl_transport();
    const auto response =
        transport->send({.method = "POST",
                         .url = "http://127.0.0.1:" + std::to_string(closed_port()) + "/x",
                         .body = "{}"},
                        base::Call::within(10s));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::unavailable);
    CHECK(response.error().effect == Effect::none);
}

TEST_CASE("an unknown host has no effect and says what to check") {
    const auto transport = net::make_curl_transport();
    const auto response =
        transport->send({.url = "http://no-such-host.invalid/x"}, base::Call::within(10s));
    REQUIRE_FALSE(response);
    CHECK(response.error().effect == Effect::none);
    CHECK((response.error().kind == ErrorKind::unavailable ||
           response.error().kind == ErrorKind::timeout));
}

TEST_CASE("a lost answer is unavailable with an unknown effect") {
    const HttpTestServer server([](const SeenRequest&) {
        return WireAnswer{.bytes = "", .then = WireAnswer::Then::close};
    });
    const auto transport = net::make_curl_transport();
    const auto response = transport->send(
        {.method = "POST", .url = server.url() + "/x", .body = "{}"}, base::Call::within(10s));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::unavailable);
    CHECK(response.error().effect == Effect::unknown);
}

TEST_CASE("a POST is never sent twice, not even when a kept-alive connection breaks under it") {
    for (const char* body : {"", R"({"name":"x"})"}) {
        CAPTURE(body);
        const HttpTestServer server([](const SeenRequest& request) {
            if (request.method == "POST") {
                return WireAnswer{.bytes = "", .then = WireAnswer::Then::close};
            }
            return wire_answer(200, {}, "ok");
        });
        const auto transport = net::make_curl_transport();
        REQUIRE(transport->send({.url = server.url() + "/warm"}, base::Call::within(10s)));
        const auto response = transport->send(
            {.method = "POST", .url = server.url() + "/x", .body = body}, base::Call::within(10s));
        REQUIRE_FALSE(response);
        CHECK(response.error().kind == ErrorKind::unavailable);
        CHECK(response.error().effect == Effect::unknown);
        CHECK(server.requests().size() == 2);
    }
}

TEST_CASE("a connection closed while idle costs nothing") {
    const HttpTestServer server([](const SeenRequest&) {
        auto answer = wire_answer(200, {}, "ok");
        answer.then = WireAnswer::Then::close;
        return answer;
    });
    const auto transport = net::make_curl_transport();
    for (int i = 0; i < 5; ++i) {
        CHECK(transport->send({.url = server.url() + "/x"}, base::Call::within(10s)));
    }
}

TEST_CASE("an answer that is not HTTP is a bad response") {
    const HttpTestServer server([](const SeenRequest&) {
        return WireAnswer{.bytes = "SSH-2.0-OpenSSH_9.2\r\n", .then = WireAnswer::Then::close};
    });
    const auto transport = net::make_curl_transport();
    const auto response = transport->send({.url = server.url() + "/x"}, base::Call::within(10s));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::bad_response);
}

TEST_CASE("headers without end are refused") {
    const HttpTestServer server([](const SeenRequest&) {
        std::string bytes = "HTTP/1.1 200 OK\r\n";
        for (int i = 0; i < 10'000; ++i)
            bytes += "X-" + std::to_string(i) + ": " + std::string(80, 'x') + "\r\n";
        return WireAnswer{.bytes = bytes, .then = WireAnswer::Then::hold};
    });
    const auto transport = net::make_curl_transport();
    const auto response = transport->send({.url = server.url() + "/x"}, base::Call::within(10s));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::bad_response);
}

TEST_CASE("an answer that grows over the limit without a length is refused") {
    const HttpTestServer server([](const SeenRequest&) {
        std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (int i = 0; i < 100; ++i) bytes += "400\r\n" + std::string(1'024, 'x') + "\r\n";
        return WireAnswer{.bytes = bytes, .then = WireAnswer::Then::hold};
    });
    const auto transport = net::make_curl_transport();
    const auto response = transport->send(
        {.url = server.url() + "/x", .max_response_bytes = 10'000}, base::Call::within(10s));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::bad_response);
}

TEST_CASE("a redirect is not followed") {
    const HttpTestServer target(ok);
    const HttpTestServer server([&](const SeenRequest&) {
        return wire_answer(302, {{"Location", target.url() + "/stolen"}}, "");
    });
    const auto transport = net::make_curl_transport();
    const auto response = transport->send(
        {.url = server.url() + "/x", .bearer = base::Secret("token")}, base::Call::within(10s));
    REQUIRE(response);
    CHECK(response->status == 302);
    CHECK(target.requests().empty());
}

TEST_CASE("a unix socket is used instead of the URL's host") {
    const std::string path = "/tmp/hatchery-test-" + std::to_string(getpid()) + ".sock";
    const HttpTestServer server(ok, path);
    const auto transport = net::make_curl_transport();
    const auto response = transport->send(
        {.url = "http://localhost:18789/hooks/x", .unix_socket = path}, base::Call::within(10s));
    REQUIRE(response);
    CHECK(server.requests().at(0).target == "/hooks/x");
    CHECK(server.requests().at(0).headers.at("host") == "localhost:18789");
    // The same URL without the socket must not travel over the kept-alive one.
    const auto without =
        transport->send({.url = "http://localhost:" + std::to_string(closed_port()) + "/hooks/x"},
                        base::Call::within(10s));
    CHECK_FALSE(without);
}

TEST_CASE("a missing unix socket has no effect") {
    const auto transport = net::make_curl_transport();
    const auto response = transport->send({.method = "POST",
                                           .url = "http://localhost/x",
                                           .body = "{}",
                                           .unix_socket = "/tmp/hatchery-no-such.sock"},
                                          base::Call::within(10s));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::unavailable);
    CHECK(response.error().effect == Effect::none);
}
