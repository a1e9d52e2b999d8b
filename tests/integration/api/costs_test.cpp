#include "api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;

namespace {

struct CostWorld : ApiWorld {
    /// An empty one is not known.
    static store::Param price(const std::string& text) {
        return text.empty() ? store::Param(std::nullopt) : store::Param(text);
    }
    /// A server of the bot in the ledger, from and to these times; no end: it still runs.
    void add_server(const std::string& bot, const std::string& begun, const std::string& ended,
                    const std::string& hourly, const std::string& monthly,
                    const std::string& currency) {
        const auto stored = database->pool().run([&](store::Sql& sql) -> base::Result<void> {
            (void)sql.query(
                "INSERT INTO server_costs (server_id, bot_id, user_id, provider, region, type, "
                "hourly, monthly, currency, begun_at, ended_at) SELECT gen_random_uuid(), id, "
                "user_id, 'hetzner', 'fsn1', 'cx23', CAST($2 AS numeric), CAST($3 AS numeric), $4, "
                "CAST($5 AS timestamptz), CAST($6 AS timestamptz) FROM bots WHERE id = $1",
                {base::BotId(bot), price(hourly), price(monthly), currency, begun,
                 ended.empty() ? store::Param(std::nullopt) : store::Param(ended)});
            return {};
        });
        REQUIRE(stored);
    }
};

base::Json money(const char* amount, const char* currency) {
    return {{"amount", amount}, {"currency", currency}};
}

}  // namespace

TEST_CASE("one's own bots' costs of a month are listed and summed by currency") {
    CostWorld world;
    const auto first = world.make_bot(100001);
    const auto second = world.make_bot(100002);
    // Two hours and a begun third one; a whole month and more; and what was before the month.
    world.add_server(first, "2026-03-10T10:00:00Z", "2026-03-10T12:00:01Z", "0.006", "3.49", "EUR");
    world.add_server(second, "2026-02-01T00:00:00Z", "2026-05-01T00:00:00Z", "0.006", "3.49",
                     "EUR");
    world.add_server(second, "2026-03-31T23:30:00Z", "2026-04-01T00:30:00Z", "0.018", "12", "USD");
    world.add_server(first, "2026-02-10T10:00:00Z", "2026-03-01T00:00:00Z", "1", "500", "EUR");

    const auto march = world.get("/api/costs?month=2026-03");
    REQUIRE(march.status == 200);
    CHECK(march.body["month"] == "2026-03");
    CHECK(march.body["totals"] ==
          base::Json::array({money("3.508", "EUR"), money("0.018", "USD")}));
    const auto& bots = march.body["bots"];
    REQUIRE(bots.size() == 3);
    CHECK(bots[0]["botId"] == second);
    CHECK(bots[0]["cost"] == money("3.49", "EUR"));
    CHECK(bots[0]["servers"] == 1);
    CHECK(bots[0]["name"] == "My bot");
    CHECK(bots[0]["deleted"] == false);
    CHECK(bots[1]["botId"].get<std::string>() ==
          (bots[1]["cost"]["currency"] == "USD" ? second : first));

    CHECK(world.get("/api/costs?month=2026-01").body["bots"].empty());
    CHECK(world.get("/api/costs?month=2199-01").body["totals"].empty());
    // Another user's are none of ours, and ours none of his.
    CHECK(world.call("GET", "/api/costs?month=2026-03", world.bob).body["bots"].empty());
    // Not even of an admin, who asks GET /api/admin/costs for all of them.
    const auto admin = world.make_token("admin@example.org", {"bots:read", "admin"}, std::nullopt,
                                        store::UserRole::admin);
    CHECK(world.call("GET", "/api/costs?month=2026-03", admin).body["bots"].empty());
    const std::string all = "/api/admin/costs?by=bot&month=2026-03&limit=2";
    const auto dearest = world.call("GET", all, admin).body;
    REQUIRE(dearest["items"].size() == 2);
    CHECK(dearest["items"][0]["id"] == second);
    CHECK(dearest["items"][0]["cost"] == money("3.49", "EUR"));
    CHECK(dearest["month"] == "2026-03");
    const auto rest =
        world.call("GET", all + "&after=" + dearest["next"].get<std::string>(), admin);
    CHECK(rest.body["items"].size() == 1);
    CHECK(rest.body["next"].is_null());
    CHECK(
        world.call("GET", "/api/costs", world.make_token("alice@example.org", {"deploy"})).status ==
        403);
    CHECK(world.get("/api/costs?month=march").wrong_fields() == "month");
}

TEST_CASE("a deleted bot's costs stay in its user's sums") {
    CostWorld world;
    const auto bot = world.make_bot(100001);
    world.add_server(bot, "2026-03-10T10:00:00Z", "2026-03-10T11:00:00Z", "0.006", "3.49", "EUR");
    CHECK(world.call("DELETE", "/api/bots/" + bot, world.alice).status == 202);
    world.end(world.claim(), core::OperationState::succeeded);
    REQUIRE(world.get("/api/bots/" + bot).status == 404);
    const auto costs = world.get("/api/costs?month=2026-03").body;
    CHECK(costs["totals"] == base::Json::array({money("0.006", "EUR")}));
    CHECK(costs["bots"][0]["deleted"] == true);
    CHECK(costs["bots"][0]["name"] == "My bot");
}

TEST_CASE("a bot's costs are told month by month, the one that has begun first") {
    CostWorld world;
    const auto bot = world.make_bot(100001);
    const auto path = "/api/bots/" + bot + "/costs";
    const auto now = world.clock.now();
    const auto today = base::format_time(now);
    CHECK(world.get(path).body["months"].empty());
    CHECK(world.get(path).body["month"] == today.substr(0, 7));
    // A whole month is paid within an hour, so that it does not matter when the test runs.
    world.add_server(bot, today.substr(0, 7) + "-01T00:00:00Z", "", "1000", "2.5", "EUR");
    world.add_server(bot, "2001-01-01T00:00:00Z", "2001-02-01T00:00:00Z", "1", "2", "EUR");
    const auto costs = world.get(path).body;
    REQUIRE(costs["months"].size() == 1);
    CHECK(costs["months"][0]["month"] == today.substr(0, 7));
    CHECK(costs["months"][0]["cost"] == money("2.50", "EUR"));
    CHECK(costs["months"][0]["servers"] == 1);
    CHECK(costs["botId"] == bot);

    const auto other = world.make_bot(100002);
    const auto last_year = base::format_time(now - std::chrono::days(366)).substr(0, 7);
    world.add_server(other, last_year + "-01T00:00:00Z", "", "1000", "2.5", "EUR");
    const auto year = world.get("/api/bots/" + other + "/costs").body["months"];
    REQUIRE(year.size() == 12);
    CHECK(year[0]["month"] > year[11]["month"]);
    CHECK(year[11]["cost"] == money("2.50", "EUR"));

    CHECK(world.call("GET", path, world.bob).status == 404);
    CHECK(world.call("GET", path, world.make_token("alice@example.org", {"deploy"})).status == 403);
}

TEST_CASE("a status tells what the server costs, as long as there is one") {
    CostWorld world;
    const auto bot = world.make_bot(100001);
    const auto server = [&] { return world.get("/api/deploy/" + bot + "/status").body["server"]; };
    CHECK(server().is_null());
    REQUIRE(world.post("/api/deploy", {{"botId", bot}}).status == 202);
    const auto job = world.claim();
    world.plan_server(job);
    CHECK(server()["cost"] == money("4.35", "EUR"));
    CHECK(server()["costHourly"] == money("0.006", "EUR"));
    CHECK(world.get("/api/bots/" + bot + "/costs").body["months"][0]["cost"] ==
          money("0.006", "EUR"));
    world.end(job, core::OperationState::succeeded);
    CHECK(server()["cost"] == money("4.35", "EUR"));
}

TEST_CASE("each provider's servers, costs, ceiling and last sweep are told, and nobody is asked") {
    CostWorld world;
    const auto admin =
        world.make_token("admin@example.org", {"admin"}, std::nullopt, store::UserRole::admin);
    const auto project = [&] {
        return world.call("GET", "/api/cloud/projects", admin).body["items"][0];
    };
    CHECK(world.get("/api/cloud/projects").status == 403);
    const auto empty = project();
    CHECK(empty["provider"] == "hetzner");
    CHECK(empty["servers"] == 0);
    CHECK(empty["monthly"].empty());
    CHECK(empty["ceiling"] == "500.00");
    CHECK(empty["sweep"].is_null());
    const auto bot = world.make_bot(100001);
    world.add_server(bot, "2026-03-10T10:00:00Z", "", "0.006", "3.49", "EUR");
    world.add_server(bot, "2026-03-10T10:00:00Z", "", "0.006", "3.5", "EUR");
    world.add_server(bot, "2026-03-10T10:00:00Z", "", "0", "0", "EUR");
    world.add_server(bot, "2026-03-10T10:00:00Z", "2026-03-10T12:00:00Z", "0.006", "9", "EUR");
    REQUIRE(world.ledger->keep_sweep("hetzner", R"({"listed":3,"alive":2,"findings":[]})",
                                     world.clock.now()));
    const auto full = project();
    CHECK(full["servers"] == 3);
    CHECK(full["unpricedServers"] == 1);
    CHECK(full["monthly"] == base::Json::array({money("6.99", "EUR")}));
    CHECK(full["sweep"]["listed"] == 3);
    CHECK(full["requests"]["limits"][0]["limit"] == 3'600);
    CHECK(full["requests"]["limits"][0]["left"] == 3'600);
    CHECK(full["requests"]["createsUnderWay"] == 0);
    CHECK(world.cloud.calls_of(support::FakeCloudProvider::Method::list) == 0);
}

TEST_CASE("no sum of costs looks whole when the price of a server in it is not known") {
    CostWorld world;
    const auto bot = world.make_bot(100001);
    const auto add = [&](const char* hourly, const char* currency) {
        world.add_server(bot, "2026-03-10T10:00:00Z", "2026-03-10T12:00:00Z", hourly,
                         *hourly == '\0' ? "" : "3.49", currency);
    };
    add("", "");
    add("", "EUR");
    const auto unknown = world.get("/api/costs?month=2026-03").body;
    CHECK(unknown["totals"].empty());
    CHECK(unknown["unpricedServers"] == 2);
    REQUIRE_FALSE(unknown["bots"].empty());
    CHECK(unknown["bots"][0]["cost"].is_null());
    const auto admin =
        world.make_token("root@example.org", {"admin"}, std::nullopt, store::UserRole::admin);
    const std::string all = "/api/admin/costs?by=user&month=2026-03";
    const auto nothing = world.call("GET", all, admin).body["items"];
    REQUIRE(nothing.size() == 1);
    CHECK(nothing[0]["cost"].is_null());
    CHECK(nothing[0]["servers"] == 2);
    CHECK(nothing[0]["unpricedServers"] == 2);

    add("0.01", "EUR");
    const auto some = world.get("/api/costs?month=2026-03").body;
    CHECK(some["totals"] == base::Json::array({money("0.02", "EUR")}));
    CHECK(some["unpricedServers"] == 2);
    const auto sums = world.call("GET", all, admin).body["items"];
    CHECK(sums[0]["cost"] == money("0.02", "EUR"));
    CHECK(sums[0]["unpricedServers"] == 1);
    const auto months = world.get("/api/bots/" + bot + "/costs").body["months"];
    for (const auto& month : months) CHECK(month.contains("unpricedServers"));
}
