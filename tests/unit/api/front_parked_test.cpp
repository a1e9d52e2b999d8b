#include "api/outside_gate.hpp"
#include "front_fixture.hpp"
#include "raw_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using namespace std::chrono_literals;
using hatchery::api::OutsideGate;
using hatchery::api::front::Reply;
using hatchery::api::front::Request;

namespace {

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

/// `/parked` waits until the test wakes it, keeping something meanwhile.
struct ParkFixture : FrontFixture {
    std::mutex mutex;
    std::vector<std::function<void()>> wakes;
    std::vector<std::weak_ptr<void>> kept;

    ParkFixture() {
        handler.answer = [this](const Request& request, const std::stop_token&) {
            if (request.target != "/parked" || request.again) {
                return RecordingHandler::text("[" + request.target + "]");
            }
            Reply reply{.bytes = {}, .stream = {}, .park = {}};
            const auto seat = std::make_shared<int>(1);
            reply.kept = seat;
            reply.park = [this, weak = std::weak_ptr(seat)](std::function<void()> wake) {
                const std::lock_guard lock(mutex);
                wakes.push_back(std::move(wake));
                kept.push_back(weak);
            };
            return reply;
        };
    }
    bool parked(std::size_t count) {
        return eventually([&] {
            const std::lock_guard lock(mutex);
            return wakes.size() == count;
        });
    }
};

}  // namespace

TEST_CASE("a client that goes away while its request is parked gives back all that it held") {
    ParkFixture fixture;
    const auto port = fixture.start();
    {
        RawClient client(port);
        client.send(get("/parked"));
        REQUIRE(fixture.parked(1));
        CHECK_FALSE(fixture.kept[0].expired());
    }
    CHECK(eventually([&] { return fixture.front->connections() == 0; }));
    CHECK(eventually([&] { return fixture.kept[0].expired(); }));
    // Nobody is there to be woken.
    fixture.wakes[0]();
    CHECK(fixture.handler.requests().size() == 1);
}

TEST_CASE("what a client sends ahead of a parked request's answer is answered in its turn") {
    ParkFixture fixture;
    RawClient client(fixture.start());
    client.send(get("/parked"));
    REQUIRE(fixture.parked(1));
    // In pieces, and more than one read takes.
    const std::string field = "X-Filler: " + std::string(3000, 'x') + "\r\n";
    const std::string next = "GET /next HTTP/1.1\r\nHost: x\r\n" + field + field + "\r\n";
    client.send(next.substr(0, 10));
    client.send(next.substr(10));
    client.send(get("/last"));
    fixture.wakes[0]();
    CHECK(client.read_response().find("[/parked]") != std::string::npos);
    CHECK(client.read_response().find("[/next]") != std::string::npos);
    CHECK(client.read_response().find("[/last]") != std::string::npos);
    // And a request that waits once more on the same connection.
    client.send(get("/parked"));
    REQUIRE(fixture.parked(2));
    fixture.wakes[1]();
    CHECK(client.read_response().find("[/parked]") != std::string::npos);
}

TEST_CASE("a request that nobody wakes comes back by itself when its parking has a limit") {
    FrontFixture fixture;
    fixture.handler.answer = [](const Request& request, const std::stop_token&) {
        if (request.again) return RecordingHandler::text("tired of waiting");
        Reply reply{.bytes = {}, .stream = {}, .park = [](const std::function<void()>&) {}};
        reply.park_at_most = 20ms;
        return reply;
    };
    RawClient client(fixture.start());
    for (int i = 0; i < 2; ++i) {
        client.send(get("/"));
        CHECK(client.read_response().find("tired of waiting") != std::string::npos);
    }
}

TEST_CASE("who leaves the line at a gate hands his turn on") {
    OutsideGate gate(1);
    auto holder = gate.try_enter();
    REQUIRE(holder);
    std::vector<int> woken;
    std::vector<std::shared_ptr<OutsideGate::Place>> line;
    for (int i = 0; i < 6; ++i) {
        line.push_back(gate.line_up());
        line.back()->wait([&woken, i] { woken.push_back(i); });
    }
    // Five clients have gone, and one of them only after it was woken.
    for (int i = 1; i < 5; ++i) line[std::size_t(i)].reset();
    CHECK(woken.empty());
    holder.reset();
    CHECK(woken == std::vector<int>{0});
    line[0].reset();
    CHECK(woken == std::vector<int>{0, 5});
    auto entered = gate.try_enter();
    CHECK(entered);
    line[5].reset();
    CHECK_FALSE(gate.try_enter());
    auto late = gate.line_up();
    entered.reset();
    late->wait([&woken] { woken.push_back(6); });
    CHECK(woken.back() == 6);
}

TEST_CASE("a client that sends ahead and goes away while parked is noticed too") {
    ParkFixture fixture;
    const auto port = fixture.start();
    {
        RawClient client(port);
        client.send(get("/parked"));
        REQUIRE(fixture.parked(1));
        client.send(get("/next"));
    }
    CHECK(eventually([&] { return fixture.front->connections() == 0; }));
}
