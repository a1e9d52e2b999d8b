#include "api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;

namespace {

std::string messages(const base::Json& page) {
    std::string text;
    for (const auto& line : page["items"]) {
        text +=
            line["botName"].get<std::string>() + ": " + line["message"].get<std::string>() + "\n";
    }
    return text;
}

}  // namespace

TEST_CASE("staff find a line across all bots, newest first, page by page") {
    ApiWorld world;
    const auto staff =
        world.make_token("ada@example.org", {"admin"}, std::nullopt, store::UserRole::support);
    const auto ask = [&](const std::string& query) {
        return world.call("GET", "/api/admin/logs" + query, staff);
    };
    std::vector<std::string> bots;
    for (const int number : {100'001, 100'002}) {
        const auto id = world.make_bot(number);
        bots.push_back(id);
        REQUIRE(world.post("/api/deploy", {{"botId", id}}).status == 202);
        world.log(world.claim(), {"Needle of " + std::to_string(number), "hay"});
    }
    const auto found = ask("?q=needle");
    REQUIRE(found.status == 200);
    REQUIRE(found.body["items"].size() == 2);
    CHECK(found.body["items"][0]["botId"] == bots[1]);
    CHECK(found.body["items"][1]["message"] == "Needle of 100001");
    CHECK(found.body["next"].is_null());

    const auto first = ask("?q=needle&limit=1");
    REQUIRE(first.body["next"].is_string());
    const auto second = ask("?q=needle&limit=1&after=" + first.body["next"].get<std::string>());
    CHECK(messages(first.body) + messages(second.body) == messages(found.body));

    CHECK(ask("?q=needle&level=error").body["items"].empty());
    CHECK(ask("?since=2999-01-01T00:00:00Z").body["items"].empty());
    CHECK(ask("?after=1.2.3").status == 400);
    CHECK(ask("?since=yesterday").status == 400);
    CHECK(world.get("/api/admin/logs").status == 403);
}

TEST_CASE("the queue is shown as it was last counted") {
    ApiWorld world;
    const auto staff =
        world.make_token("ada@example.org", {"admin"}, std::nullopt, store::UserRole::admin);
    const auto none = world.call("GET", "/api/admin/queue", staff);
    REQUIRE(none.status == 200);
    CHECK(none.body["queue"].is_null());
}
