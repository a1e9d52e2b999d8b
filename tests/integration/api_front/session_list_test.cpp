#include <set>

#include "../api/api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;

TEST_CASE("a user sees where it is signed in, and signs out one or all of them") {
    ApiWorld world;
    const auto here = world.browser("ada@example.org");
    const auto there = world.browser("ada@example.org");
    const auto third = world.browser("ada@example.org");
    const auto stranger = world.browser("bob2@example.org");
    const auto list = world.call("GET", "/api/auth/sessions", "", "", here.reads());
    REQUIRE(list.status == 200);
    REQUIRE(list.body["items"].size() == 3);
    std::string current;
    std::string other;
    for (const auto& item : list.body["items"]) {
        (item["current"].get<bool>() ? current : other) = base::json_string(item, "id");
    }
    REQUIRE_FALSE(current.empty());
    const auto end = [&](const std::string& id, const Browser& who) {
        return world.call("DELETE", "/api/auth/sessions/" + id, "", "", who.writes()).status;
    };
    CHECK(end(other, stranger) == 404);
    CHECK(end(other, here) == 204);
    CHECK(end(other, here) == 404);
    CHECK(end("none", here) == 404);
    CHECK(world.call("GET", "/api/auth/sessions", "", "", here.reads()).body["items"].size() == 2);
    // Everywhere else, then everywhere.
    const auto others =
        world.call("DELETE", "/api/auth/sessions?others=true", "", "", here.writes());
    CHECK(others.status == 200);
    CHECK(others.body["ended"] == 1);
    CHECK(world.call("GET", "/api/auth/session", "", "", here.reads()).status == 200);
    CHECK(world.call("GET", "/api/auth/session", "", "", there.reads()).status == 401);
    CHECK(world.call("GET", "/api/auth/session", "", "", third.reads()).status == 401);
    const auto all = world.call("DELETE", "/api/auth/sessions", "", "", here.writes());
    CHECK(all.status == 200);
    CHECK(all.header("Set-Cookie").find("Max-Age=0") != std::string::npos);
    CHECK(world.call("GET", "/api/auth/session", "", "", here.reads()).status == 401);
    CHECK(world.call("GET", "/api/auth/session", "", "", stranger.reads()).status == 200);
}

TEST_CASE("sessions come in pages that join without gap or repetition") {
    ApiWorld world;
    Browser last;
    for (int i = 0; i < 7; ++i) last = world.browser("ada@example.org");
    std::set<std::string> seen;
    std::string next;
    do {
        const auto page =
            world.call("GET", "/api/auth/sessions?limit=3" + next, "", "", last.reads());
        REQUIRE(page.status == 200);
        for (const auto& item : page.body["items"]) {
            CHECK(seen.insert(base::json_string(item, "id")).second);
        }
        next = page.body["next"].is_null() ? "" : "&after=" + base::json_string(page.body, "next");
    } while (!next.empty());
    CHECK(seen.size() == 7);
    CHECK(world.call("GET", "/api/auth/sessions?after=x", "", "", last.reads()).status == 400);
    CHECK(world.call("DELETE", "/api/auth/sessions?others=x", "", "", last.writes()).status == 400);
}

TEST_CASE("lists that are made as a whole come in pages too") {
    ApiWorld world;
    const auto admin = world.make_token("root@example.org", {"bots:read", "account", "admin"},
                                        std::nullopt, store::UserRole::admin);
    const auto now = world.clock.now();
    for (int i = 0; i < 5; ++i) {
        REQUIRE(world.workers->beat({.id = base::make_id<base::WorkerId>(now, world.random),
                                     .host = "a",
                                     .version = "1",
                                     .started_at = now,
                                     .heartbeat_at = now}));
        world.make_token("root@example.org", {"bots:read"});
    }
    for (const std::string path : {"/api/admin/workers", "/api/admin/plans", "/api/auth/tokens",
                                   "/api/cloud/available-regions"}) {
        INFO(path);
        const auto all = world.call("GET", path, admin).body["items"];
        REQUIRE(all.size() >= 2);
        base::Json joined = base::Json::array();
        std::string next;
        do {
            const auto page = world.call("GET", path + "?limit=1" + next, admin);
            REQUIRE(page.status == 200);
            REQUIRE(page.body["items"].size() == 1);
            joined.push_back(page.body["items"][0]);
            const auto cursor = page.body["next"];
            next = cursor.is_null() ? "" : "&after=" + cursor.get<std::string>();
        } while (!next.empty());
        CHECK(joined == all);
        CHECK(world.call("GET", path + "?limit=0", admin).status == 400);
        CHECK(world.call("GET", path + "?after=%25", admin).status == 400);
    }
}
