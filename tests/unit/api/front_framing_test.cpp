#include "front_fixture.hpp"
#include "raw_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using namespace std::chrono_literals;

namespace {

std::string post(const std::string& fields, const std::string& body) {
    return "POST /p HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("requests on one connection are answered one after another") {
    FrontFixture fixture;
    RawClient client(fixture.start());
    for (int i = 0; i < 20; ++i) {
        REQUIRE(client.send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n"));
        CHECK(contains(client.read_response(), "GET /" + std::to_string(i) + " []"));
    }
}

TEST_CASE("pipelined requests are all answered, in order") {
    FrontFixture fixture;
    RawClient client(fixture.start());
    client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n" + post("Content-Length: 3\r\n", "abc") +
                "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(contains(client.read_response(), "GET /1 []"));
    CHECK(contains(client.read_response(), "POST /p [abc]"));
    CHECK(contains(client.read_response(), "GET /3 []"));
}

TEST_CASE("a body in a second packet belongs to its request, never to the next") {
    FrontFixture fixture;
    RawClient client(fixture.start());
    client.send("GET /first HTTP/1.1\r\nHost: x\r\nContent-Length: 37\r\n\r\n");
    client.send("GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n\r\n");
    CHECK(contains(client.read_response(), "GET /first [GET /smuggled"));
    client.send("GET /second HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(contains(client.read_response(), "GET /second []"));
    CHECK(fixture.handler.requests().size() == 2);
}

TEST_CASE("a chunked body is put together, and extensions and trailers are dropped") {
    FrontFixture fixture;
    RawClient client(fixture.start());
    client.send(post("Transfer-Encoding: chunked\r\n",
                     "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nAuthorization: Bearer stolen\r\n\r\n"));
    CHECK(contains(client.read_response(), "POST /p [abcde]"));
    const auto request = fixture.handler.requests().at(0);
    CHECK_FALSE(hatchery::api::front::find_field(request.fields, "Authorization"));
    CHECK_FALSE(hatchery::api::front::find_field(request.fields, "Transfer-Encoding"));
}

TEST_CASE("broken framing is refused, the connection closed, and nothing after it is run") {
    struct Row {
        const char* why;
        std::string bytes;
        int status;
    };
    const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    const Row rows[] = {
        {"two lengths", post("Content-Length: 3\r\nContent-Length: 5\r\n", "abc"), 400},
        {"length with a letter", post("Content-Length: 4x\r\n", "abcd"), 400},
        {"length and coding",
         post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
        {"folded field", post("X: a\r\n b\r\n", ""), 400},
        {"chunk size not hexadecimal", post("Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n"),
         400},
        {"negative chunk size", post("Transfer-Encoding: chunked\r\n", "-1\r\nabc\r\n"), 400},
        {"huge chunk size", post("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\nabc\r\n"),
         400},
        {"chunk without its line end",
         post("Transfer-Encoding: chunked\r\n", "3\r\nabcXX0\r\n\r\n"), 400},
        {"compressed body", post("Content-Encoding: gzip\r\nContent-Length: 3\r\n", "abc"), 415},
        {"encoded slash", "GET /a/..%2fb HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"encoded NUL", "GET /a%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"empty segment", "GET //a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"bare LF", "GET / HTTP/1.1\nHost: x\n\n", 400},
        {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00", 7), 400},
    };
    FrontFixture fixture;
    const auto port = fixture.start();
    for (const auto& row : rows) {
        INFO(row.why);
        RawClient client(port);
        client.send(row.bytes + smuggled);
        client.end_sending();
        const auto all = client.read_all();
        CHECK(status_of(all) == row.status);
        CHECK(contains(all, "application/problem+json"));
        CHECK(contains(all, "X-Request-Id: "));
        CHECK(contains(all, "\"code\":\"invalid_input\""));
        CHECK_FALSE(contains(all, "smuggled"));
        CHECK(client.closed());
    }
    CHECK(fixture.handler.requests().empty());
    CHECK(fixture.handler.refusals == static_cast<int>(std::size(rows)));
}

TEST_CASE("fields that must not reach a handler are stripped") {
    FrontFixture fixture;
    RawClient client(fixture.start());
    client.send(
        "GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\nREMOTE_ADDR: 1.2.3.4\r\n"
        "Accept-Encoding: gzip\r\nContent-Encoding: gzip\r\nConnection: keep-alive\r\n"
        "X-Kept: yes\r\nX-Request-Id: mine-1\r\n\r\n");
    REQUIRE(status_of(client.read_response()) == 200);
    const auto request = fixture.handler.requests().at(0);
    REQUIRE(request.fields.size() == 2);
    CHECK(request.fields[1].first == "X-Kept");
    CHECK(request.remote_address == "127.0.0.1");
    CHECK(request.request_id == "mine-1");
}

TEST_CASE("Expect: 100-continue is answered before the body") {
    FrontFixture fixture;
    RawClient client(fixture.start());
    client.send(post("Expect: 100-continue\r\nContent-Length: 3\r\n", ""));
    CHECK(contains(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue"));
    client.send("abc");
    CHECK(contains(client.read_response(), "POST /p [abc]"));
}

TEST_CASE("Connection: close and HTTP/1.0 end the connection after the answer") {
    FrontFixture fixture;
    const auto port = fixture.start();
    for (const char* request :
         {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
        RawClient client(port);
        client.send(request);
        CHECK(contains(client.read_all(), "GET / []"));
        CHECK(client.closed());
    }
}

TEST_CASE("a handler that throws answers 500 without its words") {
    FrontFixture fixture;
    fixture.handler.answer = [](const auto&, const auto&) -> hatchery::api::front::Reply {
        throw std::runtime_error("secret words");
    };
    RawClient client(fixture.start());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto all = client.read_all();
    CHECK(status_of(all) == 500);
    CHECK_FALSE(contains(all, "secret"));
}
