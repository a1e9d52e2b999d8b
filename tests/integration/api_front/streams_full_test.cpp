#include "../../unit/api/raw_client.hpp"
#include "../api/api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;
using namespace std::chrono_literals;

namespace {

WorldSetup seats(std::size_t all, std::size_t per_user) {
    WorldSetup setup;
    setup.options.streams = {.all = all, .per_user = per_user};
    setup.options.front.worker_threads = 2;
    return setup;
}

RawClient open_stream(ApiWorld& world, const std::string& bot, const std::string& token) {
    RawClient client(world.port());
    client.send("GET /api/deploy/" + bot + "/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                token + "\r\n\r\n");
    return client;
}

}  // namespace

TEST_CASE("a house full of event streams says when to come back, and answers everybody else") {
    ApiWorld world(seats(20, 20));
    const auto bot = world.make_bot(700100);
    std::vector<RawClient> readers;
    for (int i = 0; i < 20; ++i) {
        readers.push_back(open_stream(world, bot, world.alice));
        REQUIRE(status_of(readers.back().read_until("retry: ")) == 200);
    }
    const auto refused = open_stream(world, bot, world.alice).read_response();
    CHECK(status_of(refused) == 503);
    CHECK(refused.find("Retry-After: ") != std::string::npos);
    CHECK(refused.find("not_ready") != std::string::npos);
    CHECK(world.get("/api/bots").status == 200);
    CHECK(world.post("/api/deploy", {{"botId", bot}}).status == 202);
    // A reader that leaves makes room.
    readers.pop_back();
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    int status = 503;
    while (status == 503 && std::chrono::steady_clock::now() < deadline) {
        status = status_of(open_stream(world, bot, world.alice).read_until("\r\n\r\n"));
    }
    CHECK(status == 200);
}

TEST_CASE("one user's event streams leave room for others") {
    ApiWorld world(seats(20, 2));
    const auto bot = world.make_bot(700100);
    std::vector<RawClient> readers;
    for (int i = 0; i < 2; ++i) {
        readers.push_back(open_stream(world, bot, world.alice));
        REQUIRE(status_of(readers.back().read_until("retry: ")) == 200);
    }
    const auto refused = open_stream(world, bot, world.alice).read_response();
    CHECK(status_of(refused) == 429);
    CHECK(refused.find("rate_limited") != std::string::npos);
    const auto admin = world.make_token("root@example.org", {"bots:read", "admin"}, std::nullopt,
                                        store::UserRole::admin);
    auto reader = open_stream(world, bot, admin);
    CHECK(status_of(reader.read_until("retry: ")) == 200);
}
