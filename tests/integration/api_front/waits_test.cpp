#include <atomic>
#include <thread>

#include "../../unit/api/raw_client.hpp"
#include "../api/api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;
using namespace std::chrono_literals;

namespace {

WorldSetup waits(std::size_t all, std::size_t per_user) {
    WorldSetup setup;
    setup.options.waits = {.all = all, .per_user = per_user};
    return setup;
}

/// An operation that nobody works on.
std::string open_operation(ApiWorld& world) {
    const auto bot = world.make_bot(700100);
    return base::json_string(world.post("/api/deploy", {{"botId", bot}}).body, "operationId");
}

RawClient wait_for(ApiWorld& world, const std::string& operation, const std::string& token) {
    RawClient client(world.port());
    client.send("GET /api/operations/" + operation +
                "?wait=60 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n");
    return client;
}

long long waiting(ApiWorld& world) {
    const auto text = world.call("GET", "/metrics", "").text;
    const std::string name = "\nhatchery_waiting_requests ";
    return std::stoll(text.substr(text.find(name) + name.size()));
}

bool waiting_is(ApiWorld& world, long long count) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (waiting(world) != count) {
        if (std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
}

std::string admin(ApiWorld& world) {
    return world.make_token("root@example.org", {"bots:read", "admin"}, std::nullopt,
                            store::UserRole::admin);
}

}  // namespace

TEST_CASE("requests that wait have seats, and a client that goes away gives its own back") {
    ApiWorld world(waits(3, 2));
    const auto operation = open_operation(world);
    const auto root = admin(world);
    auto first = wait_for(world, operation, world.alice);
    {
        const auto second = wait_for(world, operation, world.alice);
        REQUIRE(waiting_is(world, 2));
        const auto path = "/api/operations/" + operation + "?wait=60";
        const auto refused = world.get(path);
        CHECK(refused.status == 429);
        CHECK(refused.header("Retry-After") == "5");
        const auto other = wait_for(world, operation, root);
        REQUIRE(waiting_is(world, 3));
        const auto full = world.call("GET", path, root);
        CHECK(full.status == 503);
        CHECK(full.header("Retry-After") == "5");
        CHECK(world.get("/api/jobs/" + operation + "?wait=60").status == 503);
        // Who does not wait is answered.
        CHECK(world.get("/api/operations/" + operation).status == 200);
    }
    CHECK(waiting_is(world, 1));
    const auto job = world.claim();
    // It is woken, looks, and waits on with the seat that it has.
    world.log(job, {"a line"});
    const auto more = wait_for(world, operation, world.alice);
    REQUIRE(waiting_is(world, 2));
    world.end(job, core::OperationState::failed);
    CHECK(status_of(first.read_response()) == 200);
    CHECK(waiting_is(world, 0));
}

TEST_CASE("who waits for a bot sleeps while other bots change") {
    ApiWorld world;
    api::EventHub hub(*world.events, *world.notifications, {.poll = 1h});
    const base::BotId mine("01890000-0000-7000-8000-000000000001");
    const base::BotId other("01890000-0000-7000-8000-000000000002");
    const auto deadline = std::chrono::steady_clock::now() + 1h;
    const auto is_woken = [](const std::atomic<int>& woken) {
        const auto until = std::chrono::steady_clock::now() + 10s;
        while (woken == 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
        return woken == 1;
    };
    // The hub's first round wakes everybody.
    std::atomic<int> first{0};
    hub.wake_on(mine, deadline, hub.version(), [&] { ++first; });
    REQUIRE(is_woken(first));
    std::atomic<int> woken{0};
    const auto seen = hub.version();
    world.notifications->bot_changed(other);
    hub.wake_on(mine, deadline, seen, [&] { ++woken; });
    std::atomic<int> others{0};
    hub.wake_on(other, deadline, hub.version(), [&] { ++others; });
    world.notifications->bot_changed(other);
    REQUIRE(is_woken(others));
    CHECK(woken == 0);
    world.notifications->bot_changed(mine);
    CHECK(is_woken(woken));
    // A change between the look and the wait wakes at once, and so does a deadline that has passed.
    std::atomic<int> late{0};
    hub.wake_on(mine, deadline, seen, [&] { ++late; });
    CHECK(late == 1);
    std::atomic<int> over{0};
    hub.wake_on(mine, std::chrono::steady_clock::now() + 5ms, hub.version(), [&] { ++over; });
    CHECK(is_woken(over));
}
