#include "front_fixture.hpp"
#include "raw_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using namespace std::chrono_literals;
using hatchery::api::front::EventStream;
using hatchery::api::front::Reply;
using hatchery::api::front::Request;

namespace {

const std::string get = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";

/// Every request opens a stream, which the test feeds.
struct StreamFixture : FrontFixture {
    std::mutex mutex;
    std::vector<std::shared_ptr<EventStream>> streams;
    std::string head = "HTTP/1.1 200 OK\r\n\r\n";

    StreamFixture() {
        handler.answer = [this](const Request&, const std::stop_token&) {
            Reply reply{.bytes = head, .stream = {}, .park = {}};
            reply.stream = std::make_shared<EventStream>();
            const std::lock_guard lock(mutex);
            streams.push_back(reply.stream);
            return reply;
        };
    }
    bool opened(std::size_t count) {
        return eventually([&] {
            const std::lock_guard lock(mutex);
            return streams.size() == count;
        });
    }
};

}  // namespace

TEST_CASE("what is sent on a stream arrives, and its end closes the connection") {
    StreamFixture fixture;
    RawClient client(fixture.start());
    client.send(get);
    REQUIRE(fixture.opened(1));
    const auto stream = fixture.streams.at(0);
    CHECK(stream->send("data: 1\n\n"));
    CHECK(client.read_until("data: 1\n\n").find("200 OK") != std::string::npos);
    CHECK(stream->send("data: 2\n\n"));
    stream->finish();
    CHECK_FALSE(stream->send("data: 3\n\n"));
    CHECK(client.read_all() == "data: 2\n\n");
    CHECK(client.closed());
}

TEST_CASE("a silent stream is kept alive by comments") {
    StreamFixture fixture;
    fixture.options.heartbeat = 30ms;
    RawClient client(fixture.start());
    client.send(get);
    REQUIRE(fixture.opened(1));
    std::string seen;
    for (int i = 0; i < 3; ++i) seen += client.read_until(": heartbeat\n\n");
    CHECK(seen.find(": heartbeat") != std::string::npos);
}

TEST_CASE("a reader that leaves ends its stream") {
    StreamFixture fixture;
    const auto port = fixture.start();
    {
        RawClient client(port);
        client.send(get);
        REQUIRE(fixture.opened(1));
    }
    CHECK(eventually([&] { return fixture.streams[0]->closed(); }));
    CHECK(eventually([&] { return fixture.front->connections() == 0; }));
}

TEST_CASE("a reader that does not read is bounded in memory and then cut") {
    StreamFixture fixture;
    fixture.options.write_timeout = 200ms;
    RawClient client(fixture.start());
    client.send(get);
    REQUIRE(fixture.opened(1));
    const auto stream = fixture.streams[0];
    const std::string piece(32 * 1024, 'x');
    // The system's own buffers take some megabytes before the stream fills up.
    CHECK(eventually([&] {
        if (stream->wants_more()) stream->send(piece);
        return stream->closed();
    }));
    CHECK_FALSE(stream->send(piece));
}

TEST_CASE("feeding a stream beyond its limit regardless ends it") {
    EventStream stream;
    const std::string piece(EventStream::hard_limit_bytes / 2 + 1, 'x');
    CHECK(stream.send(piece));
    CHECK_FALSE(stream.wants_more());
    CHECK_FALSE(stream.send(piece));
    CHECK(stream.closed());
}

TEST_CASE("a stream says when its reader has caught up and when it has gone") {
    EventStream stream;
    int changes = 0;
    stream.on_change([&] { ++changes; });
    stream.send("a");
    CHECK(stream.take() == "a");
    CHECK(changes == 0);
    stream.sent();
    CHECK(changes == 1);
    stream.abandon();
    CHECK(changes == 2);
    stream.abandon();
    CHECK(changes == 2);
}

TEST_CASE("hundreds of streams on two threads all get their events while others are answered") {
    StreamFixture fixture;
    fixture.options.worker_threads = 2;
    const auto port = fixture.start();
    std::vector<RawClient> clients;
    constexpr std::size_t count = 450;  // within the usual limit of 1024 files for both ends
    for (std::size_t i = 0; i < count; ++i) {
        clients.emplace_back(port);
        clients.back().send(get);
    }
    REQUIRE(fixture.opened(count));
    for (const auto& stream : fixture.streams) stream->send("data: all\n\n");
    std::size_t got = 0;
    for (auto& client : clients) {
        got += client.read_until("data: all\n\n").find("data: all") != std::string::npos ? 1U : 0U;
    }
    CHECK(got == count);
    fixture.front->stop();
    for (auto& client : clients) client.read_all();
    CHECK(std::all_of(clients.begin(), clients.end(), [](const auto& c) { return c.closed(); }));
}

TEST_CASE("a stream whose head cannot be written is ended") {
    StreamFixture fixture;
    fixture.options.write_timeout = 100ms;
    // More than the system's own buffers take from us.
    fixture.head += std::string(64U << 20U, ' ');
    RawClient client(fixture.start());
    client.send(get);
    REQUIRE(fixture.opened(1));
    CHECK(eventually([&] { return fixture.streams[0]->closed(); }));
    CHECK(eventually([&] { return fixture.front->connections() == 0; }));
}
