#include <future>
#include <thread>

#include "../api/api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;

namespace {

ApiResponse rename(ApiWorld& world, const std::string& bot, const std::string& name,
                   const ApiWorld::Headers& headers) {
    return world.call("PUT", "/api/bots/" + bot, world.alice, base::Json{{"name", name}}.dump(),
                      headers);
}

}  // namespace

TEST_CASE("a change under an old ETag is 412 and changes nothing") {
    ApiWorld world;
    const auto bot = world.make_bot(700100);
    const auto path = "/api/bots/" + bot;
    const auto tag = world.get(path).header("ETag");
    REQUIRE_FALSE(tag.empty());
    const auto changed = rename(world, bot, "first", {{"If-Match", tag}});
    CHECK(changed.status == 200);
    CHECK(changed.header("ETag") != tag);
    CHECK(world.get(path).header("ETag") == changed.header("ETag"));
    const auto late = rename(world, bot, "second", {{"If-Match", tag}});
    CHECK(late.status == 412);
    CHECK(late.code() == "conflict");
    CHECK(base::json_string(world.get(path).body, "name") == "first");
    CHECK(rename(world, bot, "third", {{"If-Match", tag + ", " + changed.header("ETag")}}).status ==
          200);
    CHECK(rename(world, bot, "fourth", {{"If-Match", "*"}}).status == 200);
    CHECK(rename(world, bot, "fifth", {}).status == 200);
    // A weak tag says that it may be another: it fits nothing.
    const auto now = world.get(path).header("ETag");
    CHECK(rename(world, bot, "sixth", {{"If-Match", "W/" + now}}).status == 412);
}

TEST_CASE("a deletion under an old ETag is 412 and deletes nothing") {
    ApiWorld world;
    const auto bot = world.make_bot(700100);
    const auto path = "/api/bots/" + bot;
    const auto tag = world.get(path).header("ETag");
    REQUIRE(rename(world, bot, "first", {}).status == 200);
    const auto late = world.call("DELETE", path, world.alice, "", {{"If-Match", tag}});
    CHECK(late.status == 412);
    CHECK(late.code() == "conflict");
    CHECK(world.get("/api/deploy/" + bot + "/status").body["operation"].is_null());
    CHECK(world.call("DELETE", path, world.alice, "", {{"If-Match", "1"}}).wrong_fields() ==
          "If-Match");
    const auto now = world.get(path).header("ETag");
    CHECK(world.call("DELETE", path, world.bob, "", {{"If-Match", now}}).status == 404);
    CHECK(world.call("DELETE", path, world.alice, "", {{"If-Match", now}}).status == 202);
}

TEST_CASE("a change that comes between a deletion's look and its start is not lost with the bot") {
    ApiWorld world;
    const auto bot = world.make_bot(700100);
    const auto path = "/api/bots/" + bot;
    const auto tag = world.get(path).header("ETag");
    std::future<ApiResponse> deletion;
    REQUIRE(world.database->pool().transact([&](store::Sql& sql) -> base::Result<void> {
        (void)sql.query("UPDATE bots SET settings_version = settings_version + 1 WHERE id = $1",
                        {base::BotId(bot)});
        deletion = std::async(std::launch::async, [&] {
            return world.call("DELETE", path, world.alice, "", {{"If-Match", tag}});
        });
        // It has read the settings as they were when it waits for the bot's row.
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        const auto waits = [&] {
            return sql.query("SELECT count(*) FROM pg_locks WHERE NOT granted")[0].integer(0) > 0;
        };
        while (!waits() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
        return {};
    }));
    const auto late = deletion.get();
    CHECK(late.status == 412);
    CHECK(world.get("/api/deploy/" + bot + "/status").body["operation"].is_null());
}

TEST_CASE("what is no entity tag is 400 and named") {
    ApiWorld world;
    const auto bot = world.make_bot(700100);
    for (const auto* wrong : {"", "1", "\"1", "\"1\" \"2\"", "\"1\",", ",", "w/\"1\"", "\"1\"x"}) {
        INFO(wrong);
        const auto refused = rename(world, bot, "x", {{"If-Match", wrong}});
        CHECK(refused.status == 400);
        CHECK(refused.wrong_fields() == "If-Match");
    }
}

TEST_CASE("what the bot does is no change of its settings") {
    ApiWorld world;
    const auto bot = world.make_bot(700100);
    const auto tag = world.get("/api/bots/" + bot).header("ETag");
    REQUIRE(world.post("/api/deploy", {{"botId", bot}}).status == 202);
    world.end(world.claim(), core::OperationState::failed);
    CHECK(world.get("/api/bots/" + bot).header("ETag") == tag);
}
