#include "api/front/request_head.hpp"

#include "support/catch.hpp"

namespace front = hatchery::api::front;

namespace {

int status_for(const std::string& head) {
    const auto read = front::read_head(head, {});
    const auto* refusal = std::get_if<front::HeadRefusal>(&read);
    return refusal == nullptr ? 200 : refusal->status;
}

std::string with(const std::string& fields) {
    return "POST /a HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}

}  // namespace

TEST_CASE("a plain head is read field by field") {
    const auto read = front::read_head(
        "PUT /a/b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nX-Y:  z \t\r\n\r\n", {});
    REQUIRE(std::holds_alternative<front::RequestHead>(read));
    const auto& head = std::get<front::RequestHead>(read);
    CHECK(head.method == "PUT");
    CHECK(head.target == "/a/b?c=d");
    CHECK(head.content_length == 12);
    CHECK(head.keep_alive);
    CHECK(front::find_field(head.fields, "x-y") == "z");
}

TEST_CASE("heads that two parsers could read differently are refused") {
    struct Row {
        const char* why;
        std::string head;
        int status;
    };
    const Row rows[] = {
        {"plain", with(""), 200},
        {"two lengths", with("Content-Length: 4\r\nContent-Length: 5\r\n"), 400},
        {"twice the same length", with("Content-Length: 4\r\nContent-Length: 4\r\n"), 400},
        {"list of lengths", with("Content-Length: 4, 4\r\n"), 400},
        {"length with a letter", with("Content-Length: 4x\r\n"), 400},
        {"hexadecimal length", with("Content-Length: 0x4\r\n"), 400},
        {"signed length", with("Content-Length: +4\r\n"), 400},
        {"negative length", with("Content-Length: -4\r\n"), 400},
        {"empty length", with("Content-Length:\r\n"), 400},
        {"length beyond 64 bits", with("Content-Length: 99999999999999999999\r\n"), 400},
        {"length and coding", with("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"coding and length", with("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"), 400},
        {"gzip, chunked", with("Transfer-Encoding: gzip, chunked\r\n"), 501},
        {"xchunked", with("Transfer-Encoding: xchunked\r\n"), 501},
        {"chunked twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
         400},
        {"identity", with("Transfer-Encoding: identity\r\n"), 501},
        {"folded field", with("X: a\r\n b\r\n"), 400},
        {"folded with a tab", with("X: a\r\n\tb\r\n"), 400},
        {"space before the colon", with("Content-Length : 4\r\n"), 400},
        {"no colon", with("Nonsense\r\n"), 400},
        {"empty name", with(": a\r\n"), 400},
        {"control character in a value", with("X: a\x01\r\n"), 400},
        {"bare CR in a value", with("X: a\rb\r\n"), 400},
        {"bare LF line end", "GET / HTTP/1.1\nHost: x\n\n", 400},
        {"NUL", with(std::string("X: a\0b\r\n", 8)), 400},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200},
        {"HTTP/1.0 with chunked", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"HTTP/2", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        {"HTTP/1.9", "GET / HTTP/1.9\r\nHost: x\r\n\r\n", 505},
        {"no version", "GET /\r\nHost: x\r\n\r\n", 400},
        {"two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"lower-case method", "get / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"unknown method", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"TRACE", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"method with a slash", "G/T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"leading empty line", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"other expectation", with("Expect: tea\r\n"), 417},
        {"long target", "GET /" + std::string(8001, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
        {"long line", with("X: " + std::string(8001, 'a') + "\r\n"), 431},
    };
    for (const auto& row : rows) {
        INFO(row.why);
        CHECK(status_for(row.head) == row.status);
    }
    std::string many;
    for (int i = 0; i < 101; ++i) many += "X: a\r\n";
    CHECK(status_for(with(many)) == 431);
}

TEST_CASE("targets that name a path in two ways are refused") {
    const std::string good[] = {"/",         "/a",         "/a/b/",      "/a?b=c&d=%20",
                                "/a.b/c..d", "/caf%C3%A9", "/a?x=../..", "/a?u=http://b//c"};
    for (const auto& target : good) {
        INFO(target);
        CHECK_FALSE(front::target_problem(target));
    }
    const std::string bad[] = {
        "",        "a",     "*",      "http://a/b", "//a",          "/a//b",    "/a/../b",
        "/..",     "/./a",  "/a/.",   "/..%2fa",    "/%2e%2e",      "/%2E./a",  "/a%2Fb",
        "/a%5cb",  "/a\\b", "/a%00b", "/a%0ab",     "/a%7f",        "/a#b",     "/a b",
        "/a%",     "/a%4",  "/a%zz",  "/a%ff",      "/caf\xc3\xa9", "/a?x=%00", "/a?x=%ff",
        "/a?x=%g1"};
    for (const auto& target : bad) {
        INFO(target);
        CHECK(front::target_problem(target));
    }
}

TEST_CASE("any bytes are read without harm") {
    // A small generator, so that a failure can be repeated.
    std::uint64_t state = 88172645463325252ULL;
    const auto next = [&] {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        return state;
    };
    const std::string seed = with("Content-Length: 4\r\nTransfer-Encoding: chunked\r\nX: a\r\n");
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes = seed;
        for (auto changes = next() % 6; changes > 0; --changes) {
            bytes[next() % bytes.size()] = static_cast<char>(next() & 0xffU);
        }
        if (next() % 3 == 0) bytes.resize(next() % bytes.size());
        const auto read = front::read_head(bytes, {});
        if (const auto* head = std::get_if<front::RequestHead>(&read)) {
            REQUIRE_FALSE((head->chunked && head->content_length));
        }
    }
}
