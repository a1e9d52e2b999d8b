// What a plan allows, through the API and the database.
#include <fmt/ranges.h>

#include <latch>
#include <set>
#include <thread>

#include "api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;
using namespace std::chrono_literals;
using core::PlanName;

namespace {

core::BillingRules rules(std::optional<PlanName> default_plan = PlanName::starter) {
    core::BillingRules rules;
    rules.plans = core::with_default_places(core::usual_plans(), "fsn1", "cx23");
    rules.default_plan = default_plan;
    return rules;
}

struct PlanWorld : ApiWorld {
    explicit PlanWorld(core::BillingRules billing = rules()) : ApiWorld({.billing = billing}) {
        alice_id = get("/api/me").body["id"];
    }

    std::string admin =
        make_token("admin@example.org", {"admin"}, std::nullopt, store::UserRole::admin);
    std::string alice_id;

    ApiResponse set_plan(const base::Json& body) {
        return call("PUT", "/api/admin/users/" + alice_id + "/subscription", admin, body.dump());
    }
    void have(const std::string& plan, std::optional<base::TimePoint> until = std::nullopt) {
        const auto set =
            set_plan({{"plan", plan},
                      {"periodEnd", until ? base::Json(base::format_time(*until)) : nullptr}});
        if (set.status != 200) throw std::runtime_error(set.text);
    }
    /// A deployed bot of Alice's.
    std::string running_bot(std::int64_t telegram_id) {
        const auto id = make_bot(telegram_id);
        if (post("/api/deploy", {{"botId", id}}).status != 202) throw std::runtime_error("deploy");
        const auto job = claim();
        plan_server(job);
        end(job, core::OperationState::succeeded);
        return id;
    }
};

void check_expired(const ApiResponse& answer) {
    CAPTURE(answer.text);
    CHECK(answer.status == 402);
    CHECK(answer.code() == "forbidden");
    CHECK(answer.body["reason"] == "subscription_expired");
    CHECK(answer.body["detail"] == "The subscription has expired.");
    CHECK_FALSE(answer.body["nextAction"].get<std::string>().empty());
}

}  // namespace

TEST_CASE("staff see what each plan holds") {
    PlanWorld world;
    const auto plans = world.call("GET", "/api/admin/plans", world.admin).body;
    REQUIRE(plans["items"].size() == 3);
    CHECK(plans["next"].is_null());
    CHECK(plans["items"][0]["name"] == "enterprise");
    CHECK(plans["items"][1]["bots"] == 5);
    CHECK(plans["items"][2] == world.get("/api/me").body["plan"]);
    CHECK(world.get("/api/admin/plans").status == 403);
}

TEST_CASE("of fifty that create a bot at once with one place left exactly one wins") {
    PlanWorld world(rules(PlanName::pro));
    for (int i = 0; i < 4; ++i) (void)world.make_bot(200'000 + i);
    constexpr int callers = 50;
    std::vector<base::Json> bodies;
    for (int i = 0; i < callers; ++i) bodies.push_back(world.bot_body(201'000 + i));
    std::latch begin(callers);
    std::vector<ApiResponse> answers(callers);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < callers; ++i) {
            threads.emplace_back([&, i] {
                begin.arrive_and_wait();
                answers[i] = world.call("POST", "/api/bots/create", world.alice, bodies[i].dump());
            });
        }
    }
    int created = 0;
    int refused = 0;
    for (const auto& answer : answers) {
        CAPTURE(answer.text);
        if (answer.status == 201) {
            ++created;
            continue;
        }
        CHECK(answer.status == 403);
        CHECK(answer.code() == "quota_exceeded");
        CHECK(answer.body["detail"] == "The plan pro has 5 bots, and you have 5.");
        ++refused;
    }
    CHECK(created == 1);
    CHECK(refused == callers - 1);
    CHECK(world.get("/api/bots").body["items"].size() == 5);
    CHECK(world.get("/api/me").body["usage"]["bots"] == 5);
}

TEST_CASE("a place in the plan is free again when a bot is deleted") {
    PlanWorld world;
    const auto first = world.make_bot(210'001);
    CHECK(world.post("/api/bots/create", world.bot_body(210'002)).code() == "quota_exceeded");
    REQUIRE(world.call("DELETE", "/api/bots/" + first, world.alice).status == 202);
    // It counts for as long as it is there.
    CHECK(world.post("/api/bots/create", world.bot_body(210'002)).code() == "quota_exceeded");
    world.end(world.claim(), core::OperationState::succeeded);
    CHECK(world.post("/api/bots/create", world.bot_body(210'002)).status == 201);
}

TEST_CASE("another user's bots do not count") {
    PlanWorld world;
    (void)world.make_bot(211'001);
    CHECK(
        world.call("POST", "/api/bots/create", world.bob, world.bot_body(211'002).dump()).status ==
        201);
}

TEST_CASE("a server type or region outside the plan is named with what the plan has") {
    PlanWorld world;
    auto body = world.bot_body(220'001);
    body["serverType"] = "cpx22";
    body["region"] = "nbg1";
    const auto refused = world.post("/api/bots/create", body);
    CAPTURE(refused.text);
    CHECK(refused.status == 422);
    CHECK(refused.code() == "invalid_input");
    CHECK(refused.wrong_fields() == "region serverType");
    CHECK(refused.body["errors"][0]["message"] ==
          "is no region of the plan starter, which has fsn1");
    CHECK(refused.body["errors"][1]["message"] ==
          "is no server type of the plan starter, which has cx23");
    world.have("enterprise");
    CHECK(world.post("/api/bots/create", body).status == 201);
}

TEST_CASE("a smaller plan leaves bots alone but gives them no new server") {
    PlanWorld world;
    world.have("pro");
    const auto first = world.make_bot(230'001);
    (void)world.make_bot(230'002);
    world.have("starter");
    const auto refused = world.post("/api/deploy", {{"botId", first}});
    CHECK(refused.status == 403);
    CHECK(refused.code() == "quota_exceeded");
    CHECK(refused.body["nextAction"] == "Delete 1 bot, or take a larger plan.");
    world.have("pro");
    CHECK(world.post("/api/deploy", {{"botId", first}}).status == 202);
}

TEST_CASE("a deploy to a place that the plan has lost names the field") {
    PlanWorld world;
    world.have("enterprise");
    auto body = world.bot_body(231'001);
    body["serverType"] = "cpx22";
    const auto made = world.post("/api/bots/create", body);
    REQUIRE(made.status == 201);
    world.have("starter");
    const auto refused = world.post("/api/deploy", {{"botId", made.body["id"]}});
    CHECK(refused.status == 422);
    CHECK(refused.wrong_fields() == "serverType");
}

TEST_CASE("with an expired subscription nothing is made or started until it is renewed") {
    PlanWorld world;
    world.have("pro");
    const auto bot = world.running_bot(240'001);
    const auto other = world.make_bot(240'002);
    world.have("pro", world.clock.now() - 120h);
    check_expired(world.post("/api/bots/create", world.bot_body(240'003)));
    check_expired(world.post("/api/deploy", {{"botId", other}}));
    check_expired(world.post("/api/deploy/" + bot + "/start"));
    check_expired(world.post("/api/deploy/" + bot + "/restart"));
    check_expired(world.post("/api/jobs", {{"type", "RESTART"}, {"payload", {{"botId", bot}}}}));
    // An admin's word does not make it run either: the bot's user pays.
    const auto all = world.make_token("root@example.org", {"admin", "deploy", "bots:read"},
                                      std::nullopt, store::UserRole::admin);
    check_expired(world.call("POST", "/api/deploy/" + bot + "/start", all));
    const auto me = world.get("/api/me").body;
    CHECK(me["subscription"]["standing"] == "expired");
    CHECK(me["plan"]["name"] == "pro");

    // Its stop goes on, whoever wants to keep it running.
    const auto stop = world.post("/api/deploy/" + bot + "/stop");
    REQUIRE(stop.status == 202);
    check_expired(world.post("/api/deploy/" + bot + "/cancel"));
    check_expired(
        world.post("/api/jobs/" + stop.body["operationId"].get<std::string>() + "/cancel"));
    world.end(world.claim(), core::OperationState::succeeded);

    world.have("pro", world.clock.now() + 24h);
    CHECK(world.post("/api/deploy/" + bot + "/start").status == 202);
    CHECK(world.get("/api/me").body["subscription"]["standing"] == "active");
}

TEST_CASE("in the grace everything goes on") {
    PlanWorld world;
    world.have("pro", world.clock.now() - 1h);
    CHECK(world.get("/api/me").body["subscription"]["standing"] == "grace");
    (void)world.running_bot(241'001);
}

TEST_CASE("who has no plan may have no bot") {
    PlanWorld world(rules(std::nullopt));
    const auto refused = world.post("/api/bots/create", world.bot_body(250'001));
    CHECK(refused.status == 402);
    CHECK(refused.body["reason"] == "no_subscription");
    const auto me = world.get("/api/me").body;
    CHECK(me["plan"].is_null());
    CHECK(me["subscription"]["standing"] == "none");
    world.have("starter");
    CHECK(world.post("/api/bots/create", world.bot_body(250'001)).status == 201);
}

TEST_CASE("a caller sees plan, limits, usage and when what happens") {
    PlanWorld world;
    const auto end = base::parse_time("2030-01-31T12:00:00Z").value();
    world.have("starter", end);
    (void)world.running_bot(260'001);
    const auto me = world.get("/api/me").body;
    CHECK(me["email"] == "alice@example.org");
    CHECK(me["role"] == "user");
    CHECK(me["plan"] == base::Json{{"name", "starter"},
                                   {"bots", 1},
                                   {"serverTypes", {"cx23"}},
                                   {"regions", {"fsn1"}},
                                   {"backups", 1},
                                   {"logDays", 7}});
    CHECK(me["usage"] == base::Json{{"bots", 1}, {"servers", 1}});
    CHECK(me["subscription"] == base::Json{{"plan", "starter"},
                                           {"standing", "active"},
                                           {"status", "active"},
                                           {"periodEnd", "2030-01-31T12:00:00.000Z"},
                                           {"stopsAt", "2030-02-03T12:00:00.000Z"},
                                           {"destroysAt", "2030-03-05T12:00:00.000Z"}});
}

TEST_CASE("admins list users, filter them and see one") {
    PlanWorld world;
    world.have("pro", world.clock.now() + 24h);
    (void)world.make_bot(270'001);
    const auto ask = [&](const std::string& query) {
        return world.call("GET", "/api/admin/users" + query, world.admin);
    };
    // Sorted: users of one millisecond stand in no order that a test could know.
    const auto emails = [&](const std::string& query) {
        const auto answer = ask(query);
        CAPTURE(answer.text);
        CHECK(answer.status == 200);
        std::set<std::string> found;
        for (const auto& item : answer.body["items"]) {
            found.insert(item["email"].get<std::string>());
        }
        return fmt::format("{}", fmt::join(found, " "));
    };
    CHECK(emails("") == "admin@example.org alice@example.org bob@example.org");
    CHECK(emails("?email=ALICE@example.org") == "alice@example.org");
    CHECK(emails("?email=nobody@example.org").empty());
    CHECK(emails("?plan=pro") == "alice@example.org");
    CHECK(emails("?standing=active") == "alice@example.org");
    CHECK(emails("?standing=none") == "admin@example.org bob@example.org");
    CHECK(emails("?standing=expired").empty());
    const base::Json first = ask("?limit=2").body;
    base::Json paged = ask("?limit=2&after=" + first["next"].get<std::string>()).body["items"];
    CHECK(paged.size() == 1);
    paged.insert(paged.begin(), first["items"].begin(), first["items"].end());
    CHECK(paged == ask("").body["items"]);
    CHECK(ask("?plan=gold").wrong_fields() == "plan");
    CHECK(ask("?standing=rich&limit=0").wrong_fields() == "limit standing");
    CHECK(ask("?after=x").status == 400);

    const auto one = ask("/" + world.alice_id).body;
    CHECK(one["usage"]["bots"] == 1);
    CHECK(one["plan"]["name"] == "pro");
    CHECK(ask("/" + world.alice_id + "/subscription").body == one["subscription"]);
    CHECK(ask("/019a0000-0000-7000-8000-000000000000").status == 404);
    CHECK(ask("/nonsense").status == 404);
}

TEST_CASE("setting a plan wants all that it needs, and is written to the audit log") {
    PlanWorld world;
    CHECK(world.set_plan(base::Json::object()).wrong_fields() == "plan periodEnd");
    CHECK(world.set_plan({{"plan", "gold"}, {"periodEnd", "soon"}, {"status", "x"}, {"more", 1}})
              .wrong_fields() == "plan status periodEnd more");
    CHECK(world.set_plan({{"plan", 3}, {"periodEnd", 4}}).wrong_fields() == "plan periodEnd");
    const auto set =
        world.set_plan({{"plan", "pro"}, {"status", "cancelled"}, {"periodEnd", nullptr}});
    CHECK(set.status == 200);
    CHECK(set.body["status"] == "cancelled");
    CHECK(set.body["standing"] == "cancelled");
    CHECK(set.body["stopsAt"].is_null());
    const auto missing =
        world.call("PUT", "/api/admin/users/019a0000-0000-7000-8000-000000000000/subscription",
                   world.admin, R"({"plan": "pro", "periodEnd": null})");
    CHECK(missing.status == 404);
    const auto lines = world.audit->find({.action = "PUT /api/admin/users/:id/subscription"});
    REQUIRE(lines);
    REQUIRE(lines->items.size() == 5);
    CHECK(lines->items[1].entry.outcome == 200);
    CHECK(lines->items[1].entry.target == world.alice_id + " plan=pro");
    CHECK(lines->items[1].entry.actor_name == "admin@example.org");
}

TEST_CASE("a renewal is told in the story of each bot if its end had been told") {
    PlanWorld world;
    world.have("pro", world.clock.now() - 1h);
    const auto bot = world.make_bot(280'001);
    const auto story = [&] {
        std::string all;
        const auto logs = world.get("/api/deploy/" + bot + "/logs").body;
        for (const auto& line : logs["items"]) {
            all += line["message"].get<std::string>() + "\n";
        }
        return all;
    };
    world.have("pro", world.clock.now() + 24h);
    CHECK(story().empty());
    // The leader had entered the grace.
    world.have("pro", world.clock.now() - 1h);
    const auto stage = world.database->pool().run([](store::Sql& sql) -> base::Result<void> {
        (void)sql.query("UPDATE subscriptions SET stage = 'grace'");
        return {};
    });
    REQUIRE(stage);
    world.have("pro", world.clock.now() + 48h);
    CAPTURE(story());
    CHECK(story().find("The subscription pro is renewed until") == 0);
}

TEST_CASE("a plan that stays in the EU refuses a region outside by its name, and offers none") {
    auto billing = rules(PlanName::pro);
    billing.plans[PlanName::pro].eu_only = true;
    PlanWorld world(billing);
    world.cloud.also_sell({.region = "ash",
                           .region_description = "Ashburn",
                           .country = "US",
                           .type = "cx23",
                           .price_hourly = "0.0060",
                           .price_monthly = "3.4900",
                           .price_currency = "EUR"});
    const auto body = [&](std::int64_t id, const char* region) {
        auto made = world.bot_body(id);
        made["region"] = region;
        return made;
    };
    const auto refused = world.post("/api/bots/create", body(100001, "ash"));
    CHECK(refused.status == 422);
    CHECK(refused.wrong_fields() == "region");
    CHECK(refused.body["errors"][0]["message"] ==
          "is outside the European Union, where the plan pro keeps its servers; inside are fsn1, "
          "nbg1");
    CHECK(world.post("/api/bots/create", body(100001, "nbg1")).status == 201);
    for (const auto& place : world.get("/api/deploy/options").body["places"]) {
        CHECK(place["region"] != "ash");
    }

    // A bot that was made under another plan gets no server outside either.
    world.have("enterprise");
    const std::string id = world.post("/api/bots/create", body(100002, "ash")).body["id"];
    world.have("pro");
    const auto deploy = world.post("/api/deploy", {{"botId", id}});
    CHECK(deploy.status == 422);
    CHECK(deploy.wrong_fields() == "region");
    // Where a bot is cannot be changed, whatever the plan.
    CHECK(world.put("/api/bots/" + id, {{"region", "ash"}}).wrong_fields() == "region");
}

TEST_CASE("the options show what the plan has, with prices, and what is sold out as such") {
    PlanWorld world(rules(PlanName::starter));
    world.cloud.set_out_of_stock("cx23", "fsn1");
    const auto places = [&] { return world.get("/api/deploy/options").body["places"]; };
    const auto starter = places();
    REQUIRE(starter.size() == 1);
    CHECK(starter[0]["provider"] == "hetzner");
    CHECK(starter[0]["region"] == "fsn1");
    CHECK(starter[0]["description"] == "Region fsn1");
    CHECK(starter[0]["country"] == "DE");
    CHECK(starter[0]["serverType"] == "cx23");
    CHECK(starter[0]["available"] == false);
    CHECK(starter[0]["priceMonthly"]["amount"] == "3.49");
    CHECK(starter[0]["priceHourly"]["currency"] == "EUR");
    world.have("enterprise");
    const auto all = places();
    CHECK(all.size() == 4);
    CHECK(all[3]["available"] == true);
    // What a create finds sold out counts at once.
    world.offers.sold_out({"hetzner", "nbg1", "cpx22"});
    CHECK(places()[3]["available"] == false);
    CHECK(world.get("/api/deploy/options").body["silentProviders"].empty());
    CHECK(world.cloud.calls_of(support::FakeCloudProvider::Method::offers) == 1);
}
