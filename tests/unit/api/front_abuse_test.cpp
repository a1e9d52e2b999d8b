#include <array>

#include "front_fixture.hpp"
#include "raw_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using namespace std::chrono_literals;
using hatchery::api::front::EventStream;
using hatchery::api::front::Reply;
using hatchery::api::front::Request;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

std::string post(const std::string& fields, const std::string& body) {
    return "POST /p HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body;
}

std::string chunks(const std::string& body) { return post("Transfer-Encoding: chunked\r\n", body); }

std::string get_target(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

struct Abuse {
    const char* what;
    std::string bytes;
    /// 0: the connection ends without a word.
    int status;
};

/// Each is sent on a connection of its own, a whole request behind it, while somebody else asks on
/// theirs: it gets its status and is cut, what stands behind it is never run, and the other is
/// served before and after.
void refuses_all(std::span<const Abuse> rows) {
    FrontFixture fixture;
    fixture.options.worker_threads = 1;
    const auto port = fixture.start();
    RawClient other(port);
    for (const auto& row : rows) {
        INFO(row.what);
        RawClient client(port);
        client.send(row.bytes + smuggled);
        other.send(get);
        CHECK(status_of(other.read_response()) == 200);
        client.end_sending();
        const auto all = client.read_all();
        CHECK(status_of(all) == row.status);
        CHECK(client.closed());
        CHECK(all.find("HTTP/1.1 ", 1) == std::string::npos);
    }
    other.send(get);
    CHECK(status_of(other.read_response()) == 200);
    const auto requests = fixture.handler.requests();
    CHECK(requests.size() == rows.size() + 1);
    for (const auto& request : requests) CHECK(request.target == "/");
}

/// One byte at a time, each a packet of its own.
void drip(RawClient& client, std::string_view bytes) {
    for (const char& byte : bytes) client.send({&byte, 1});
}

}  // namespace

TEST_CASE("shapes that smuggle a request past a proxy are refused while others are served") {
    const Abuse rows[] = {
        {"length, then coding",
         post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG"), 400},
        {"coding, then length",
         post("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", "0\r\n\r\nG"), 400},
        {"length 0 and coding",
         post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        {"two lengths", post("Content-Length: 0\r\nContent-Length: 35\r\n", ""), 400},
        {"one length twice", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
        {"two lengths in two spellings", post("Content-Length: 0\r\ncontent-length: 9\r\n", ""),
         400},
        {"list of lengths", post("Content-Length: 0, 9\r\n", ""), 400},
        {"negative length", post("Content-Length: -1\r\n", ""), 400},
        {"signed length", post("Content-Length: +0\r\n", ""), 400},
        {"hexadecimal length", post("Content-Length: 0x0\r\n", ""), 400},
        {"length in words", post("Content-Length: none\r\n", ""), 400},
        {"length with a blank in it", post("Content-Length: 1 0\r\n", ""), 400},
        {"length of 19 digits", post("Content-Length: 9999999999999999999\r\n", ""), 400},
        {"length that wraps to 0", post("Content-Length: 18446744073709551616\r\n", ""), 400},
        {"length beyond the limit", post("Content-Length: 999999999999\r\n", ""), 413},
        {"xchunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501},
        {"chunked, quoted", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 501},
        {"chunked with a parameter", post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"), 501},
        {"chunked, identity", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 501},
        {"a coding after chunked",
         post("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", "0\r\n\r\n"), 501},
        {"chunked twice",
         post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        {"chunked behind a vertical tab",
         post("Transfer-Encoding: \x0b"
              "chunked\r\n",
              "0\r\n\r\n"),
         400},
        {"no coding", post("Transfer-Encoding:\r\n", "0\r\n\r\n"), 501},
        {"blank before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400},
        {"NUL in the name", post(std::string("Transfer-Encoding\0: chunked\r\n", 29), ""), 400},
        {"coding on a folded line", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 400},
        {"first field folded", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
        {"field behind a bare LF", post("X: a\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        {"field behind a bare CR", post("X: a\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        {"head ended by bare LFs", "GET / HTTP/1.1\r\nHost: x\r\n\n", 400},
        {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"HTTP/0.9", "GET /\r\n", 400},
        {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501},
    };
    refuses_all(rows);
}

TEST_CASE("garbage in a chunked body is refused while others are served") {
    const Abuse rows[] = {
        {"no size", chunks("\r\nabc\r\n0\r\n\r\n"), 400},
        {"no hexadecimal size", chunks("zz\r\nabc\r\n0\r\n\r\n"), 400},
        {"negative size", chunks("-3\r\nabc\r\n0\r\n\r\n"), 400},
        {"signed size", chunks("+3\r\nabc\r\n0\r\n\r\n"), 400},
        {"size with 0x", chunks("0x3\r\nabc\r\n0\r\n\r\n"), 400},
        {"blank before the size", chunks(" 3\r\nabc\r\n0\r\n\r\n"), 400},
        {"size with an underline", chunks("0_3\r\nabc\r\n0\r\n\r\n"), 400},
        {"size of 2^64", chunks("10000000000000000\r\nabc\r\n0\r\n\r\n"), 400},
        {"size of 2^64 + 3", chunks("10000000000000003\r\nabc\r\n0\r\n\r\n"), 400},
        {"size of 2^64 - 1", chunks("ffffffffffffffff\r\nabc\r\n0\r\n\r\n"), 413},
        {"size of 2^63", chunks("8000000000000000\r\nabc\r\n0\r\n\r\n"), 413},
        {"sizes that add up beyond 2^64", chunks("3\r\nabc\r\nfffffffffffffffd\r\n"), 413},
        {"size ended by a bare LF", chunks("3\nabc\r\n0\r\n\r\n"), 400},
        {"size ended by a bare CR", chunks("3\rabc\r\n0\r\n\r\n"), 400},
        {"chunk ended by a bare LF", chunks("3\r\nabc\n0\r\n\r\n"), 400},
        {"chunk longer than it says", chunks("3\r\nabcXX0\r\n\r\n"), 400},
        {"chunk shorter than it says", chunks("5\r\nabc\r\n0\r\n\r\n"), 400},
        {"extension with a bare LF", chunks("3;a\nb\r\nabc\r\n0\r\n\r\n"), 400},
        {"extension ended by a bare LF", chunks("3;\nabc\r\n0\r\n\r\n"), 400},
        {"extension with a bare CR", chunks("3;a\rb\r\nabc\r\n0\r\n\r\n"), 400},
        {"extension with NUL", chunks(std::string("3;a\0b\r\nabc\r\n0\r\n\r\n", 17)), 400},
        {"extension without a semicolon", chunks("3 a\r\nabc\r\n0\r\n\r\n"), 400},
        // Waits for the other quote, until the end of the connection or of its time.
        {"extension with an open quote", chunks("3;a=\"b\r\nabc\r\n0\r\n\r\n"), 0},
        {"line end in a quoted extension", chunks("3;a=\"\r\n\"\r\nabc\r\n0\r\n\r\n"), 400},
        {"bare LF in a quoted extension", chunks("3;a=\"\n\"\r\nabc\r\n0\r\n\r\n"), 400},
        {"extension of 100 KiB", chunks("3;a=" + std::string(100'000, 'b') + "\r\nabc\r\n"), 400},
        {"last extension with a bare LF", chunks("0;a\nb\r\n\r\n"), 400},
        {"last size ended by a bare LF", chunks("0\n\r\n"), 400},
        {"trailer with a bare LF", chunks("0\r\nX: a\nY: b\r\n\r\n"), 400},
        {"trailer that is no field", chunks("0\r\nnonsense\r\n\r\n"), 400},
        {"trailer of 100 KiB", chunks("0\r\nX: " + std::string(100'000, 'b') + "\r\n\r\n"), 400},
    };
    refuses_all(rows);
}

TEST_CASE("tricks with paths are refused while others are served") {
    const Abuse rows[] = {
        {"two slashes", get_target("//"), 400},
        {"another host's path", get_target("//evil.example/"), 400},
        {"empty segment", get_target("/api//bots"), 400},
        {"dot dot", get_target("/api/../admin"), 400},
        {"encoded dot dot", get_target("/api/%2e%2e/admin"), 400},
        {"half encoded dot dot", get_target("/api/.%2E/admin"), 400},
        {"encoded dot", get_target("/api/%2e/bots"), 400},
        {"encoded slash", get_target("/api%2f..%2fadmin"), 400},
        {"backslash", get_target("/api\\..\\admin"), 400},
        {"encoded backslash", get_target("/api%5c..%5cadmin"), 400},
        {"NUL", get_target("/api/bots%00.html"), 400},
        {"NUL in the query", get_target("/api/bots?limit=1%00"), 400},
        {"line end", get_target("/api/bots%0d%0aX:%20a"), 400},
        {"overlong UTF-8 dots", get_target("/%c0%ae%c0%ae/admin"), 400},
        {"overlong UTF-8 slash", get_target("/api%c0%afbots"), 400},
        {"broken escape", get_target("/api/%2"), 400},
        {"absolute form", get_target("http://evil.example/api/bots"), 400},
        {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"no slash", get_target("api/bots"), 400},
        {"fragment", get_target("/api/bots#a"), 400},
        {"blank", get_target("/api/bots /a"), 400},
        {"raw UTF-8", get_target("/caf\xc3\xa9"), 400},
        {"overlong", get_target("/" + std::string(9'000, 'a')), 414},
        {"overlong query", get_target("/?" + std::string(9'000, 'a')), 414},
        {"longer than a head", get_target("/" + std::string(70'000, 'a')), 414},
    };
    refuses_all(rows);
}

TEST_CASE("requests that arrive one byte at a time are understood like others") {
    FrontFixture fixture;
    const auto port = fixture.start();
    RawClient client(port);
    drip(client, get_target("/a"));
    CHECK(client.read_response().find("GET /a []") != std::string::npos);
    drip(client, post("Content-Length: 3\r\n", "abc"));
    CHECK(client.read_response().find("POST /p [abc]") != std::string::npos);
    drip(client, chunks("3;x=\"y\"\r\nabc\r\n01\r\nd\r\n0\r\nX: a\r\n\r\n"));
    CHECK(client.read_response().find("POST /p [abcd]") != std::string::npos);
    drip(client, get_target("/b"));
    CHECK(client.read_response().find("GET /b []") != std::string::npos);
}

TEST_CASE("garbage that arrives one byte at a time is refused like other garbage") {
    FrontFixture fixture;
    const auto port = fixture.start();
    const std::string garbage[] = {chunks("3;a\nb\r\nabc\r\n0\r\n\r\n"), chunks("3\r\nabcXXXX"),
                                   post("X: a\n", ""), get_target("//")};
    for (const auto& bytes : garbage) {
        RawClient client(port);
        drip(client, bytes);
        CHECK(status_of(client.read_all()) == 400);
        CHECK(client.closed());
    }
    CHECK(fixture.handler.requests().empty());
}

TEST_CASE("a body that drips is cut at its deadline, whole or in chunks, while others are served") {
    struct Row {
        std::string begin;
        std::string drop;
    };
    const Row rows[] = {{post("Content-Length: 100000\r\n", ""), "a"},
                        {chunks(""), "1\r\na\r\n"},
                        // An extension that never ends.
                        {chunks("1;a="), "b"},
                        // Trailers that never end.
                        {chunks("0\r\n"), "X: a\r\n"}};
    FrontFixture fixture;
    fixture.options.body_timeout = 200ms;
    fixture.options.worker_threads = 1;
    const auto port = fixture.start();
    RawClient other(port);
    for (const auto& row : rows) {
        CAPTURE(row.drop);
        RawClient client(port);
        const auto began = std::chrono::steady_clock::now();
        client.send(row.begin);
        std::string answer;
        while (answer.empty() && std::chrono::steady_clock::now() - began < 5s) {
            client.send(row.drop);
            answer = client.read_until("HTTP/1.1 408", 10ms);
            other.send(get);
            CHECK(status_of(other.read_response()) == 200);
        }
        CHECK(status_of(answer) == 408);
        CHECK(std::chrono::steady_clock::now() - began < 2s);
    }
}

TEST_CASE("connections that never say a word, or half of one, are cut while others are served") {
    FrontFixture fixture;
    fixture.options.head_timeout = 300ms;
    fixture.options.worker_threads = 1;
    const auto port = fixture.start();
    std::vector<RawClient> silent;
    for (int i = 0; i < 200; ++i) {
        silent.emplace_back(port);
        if (i % 2 == 0) silent.back().send("GET / HT");
        if (i % 4 == 0) silent.back().end_sending();
    }
    RawClient other(port);
    other.send(get);
    CHECK(status_of(other.read_response(1s)) == 200);
    for (auto& client : silent) {
        client.read_all();
        CHECK(client.closed());
    }
    CHECK(eventually([&] { return fixture.front->connections() <= 1; }));
}

TEST_CASE("who has said all that it has to say still gets its answer") {
    FrontFixture fixture;
    const auto port = fixture.start();
    RawClient client(port);
    client.send(get_target("/1") + get_target("/2"));
    client.end_sending();
    const auto all = client.read_all();
    CHECK(all.find("GET /1 []") != std::string::npos);
    CHECK(all.find("GET /2 []") != std::string::npos);
    CHECK(client.closed());
}

TEST_CASE("a sender of many requests that reads no answer is cut while others are served") {
    FrontFixture fixture;
    fixture.options.write_timeout = 200ms;
    fixture.options.worker_threads = 1;
    fixture.handler.answer = [](const Request& request, const std::stop_token&) {
        return RecordingHandler::text(request.target == "/" ? "" : std::string(256U << 10U, 'a'));
    };
    const auto port = fixture.start();
    RawClient greedy(port);
    std::string many;
    for (int i = 0; i < 200; ++i) many += get_target("/large");
    greedy.send(many);
    RawClient other(port);
    other.send(get);
    CHECK(status_of(other.read_response()) == 200);
    CHECK(eventually([&] { return fixture.front->connections() == 1; }));
    // Answers are made one at a time, so what waited for the reader was never made.
    CHECK(fixture.handler.requests().size() < 150);
    other.send(get);
    CHECK(status_of(other.read_response()) == 200);
}

TEST_CASE(
    "a reader of events that hangs up, half or whole, or vanishes without a word, is let go") {
    FrontFixture fixture;
    fixture.options.heartbeat = 30ms;
    fixture.options.write_timeout = 300ms;
    std::mutex mutex;
    std::vector<std::shared_ptr<EventStream>> streams;
    fixture.handler.answer = [&](const Request& request, const std::stop_token&) {
        if (request.target == "/") return RecordingHandler::text("ok");
        Reply reply{.bytes = "HTTP/1.1 200 OK\r\n\r\n",
                    .stream = std::make_shared<EventStream>(),
                    .park = {}};
        const std::lock_guard lock(mutex);
        streams.push_back(reply.stream);
        return reply;
    };
    const auto port = fixture.start();
    RawClient other(port);
    const std::array leave = {+[](RawClient& client) { client.end_sending(); },
                              +[](RawClient& client) { client.send("more"); },
                              +[](RawClient& client) { client.vanish(); }};
    for (std::size_t i = 0; i < leave.size(); ++i) {
        CAPTURE(i);
        RawClient reader(port);
        reader.send(get_target("/events"));
        REQUIRE(reader.read_until(": heartbeat").find("200 OK") != std::string::npos);
        leave.at(i)(reader);
        // The reader's socket stays open: nothing but the front can end it.
        CHECK(eventually([&] {
            const std::lock_guard lock(mutex);
            return streams.size() == i + 1 && streams[i]->closed();
        }));
        CHECK(eventually([&] { return fixture.front->connections() <= 1; }));
        other.send(get);
        CHECK(status_of(other.read_response()) == 200);
    }
}
