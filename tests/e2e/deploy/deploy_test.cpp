#include <fmt/format.h>

#include "e2e/support/world.hpp"
#include "store/sql.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using base::json_string;
using e2e::skip_without_hosts;
using e2e::World;

/// Asks for an operation on a bot and waits for its success.
void operate(const World& world, const std::string& bot, const std::string& what,
             std::chrono::seconds limit) {
    const auto accepted = world.api().post(fmt::format("/api/deploy/{}/{}", bot, what), {});
    INFO(base::dump_json(accepted.body));
    REQUIRE(accepted.status == 202);
    const auto ended = world.wait_operation(json_string(accepted.body, "operationId"), limit);
    INFO(base::dump_json_pretty(ended));
    REQUIRE(json_string(ended, "state") == "succeeded");
}

/// Rows in any table of secrets, inbox or leases that would outlive a destroyed bot.
long long rows(World& world, const std::string& query) {
    auto answer = world.database().run(
        [&](store::Sql& sql) -> base::Result<long long> { return sql.query(query)[0].integer(0); });
    REQUIRE(answer);
    return *answer;
}

}  // namespace

TEST_CASE("a deployed bot answers in Telegram, stops, starts, restarts, and goes without a trace",
          "[openclaw]") {
    if (skip_without_hosts()) return;
    World world(e2e::Bundle::real, "deploy to first reply");
    const auto token = world.new_telegram_token();
    const auto bot = world.deploy("First bot", token);

    const auto active = world.wait_status(bot, 300s, [](const base::Json& status) {
        return json_string(status, "status") == "active" ||
               json_string(status, "status") == "failed";
    });
    REQUIRE(json_string(active, "status") == "active");
    REQUIRE(world.servers().size() == 1);
    REQUIRE_THAT(world.chat(token, "How do you do?", 60s), Catch::Contains("How do you do?"));

    operate(world, bot, "stop", 60s);
    REQUIRE(json_string(world.status(bot), "status") == "stopped");
    operate(world, bot, "start", 120s);
    REQUIRE(json_string(world.status(bot), "status") == "active");
    operate(world, bot, "restart", 120s);
    REQUIRE_THAT(world.chat(token, "Still there?", 60s), Catch::Contains("Still there?"));

    const auto destroyed = world.api().remove("/api/bots/" + bot);
    INFO(base::dump_json(destroyed.body));
    REQUIRE(destroyed.status == 202);
    const auto ended = world.wait_operation(json_string(destroyed.body, "operationId"), 60s);
    REQUIRE(json_string(ended, "state") == "succeeded");
    REQUIRE(world.servers().empty());
    REQUIRE(world.api().get("/api/bots/" + bot).status == 404);
    const auto webhook = world.telegram().get(fmt::format("/bot{}/getWebhookInfo", token));
    REQUIRE(json_string(base::json_member(webhook.body, "result"), "url").empty());
    REQUIRE(rows(world, "SELECT count(*) FROM sealed_secrets") == 0);
    REQUIRE(rows(world, "SELECT count(*) FROM webhook_inbox WHERE state = 'pending'") == 0);
}

TEST_CASE("a cancelled deploy leaves nothing behind") {
    if (skip_without_hosts()) return;
    World world(e2e::Bundle::stand_in, "cancel");
    const auto bot = world.deploy("Cancelled bot", world.new_telegram_token());
    world.wait_status(bot, 120s, [](const base::Json& status) {
        const auto& steps = base::json_member(base::json_member(status, "operation"), "steps");
        for (const auto& step : steps) {
            if (json_string(step, "kind") == "install_dependencies" &&
                json_string(step, "state") == "running") {
                return true;
            }
        }
        return false;
    });
    const auto operation = json_string(base::json_member(world.status(bot), "operation"), "id");
    const auto cancelled = world.api().post("/api/deploy/" + bot + "/cancel", {});
    REQUIRE(cancelled.status == 202);
    const auto ended = world.wait_operation(operation, 60s);
    REQUIRE(json_string(ended, "state") == "cancelled");
    REQUIRE(json_string(world.status(bot), "status") == "stopped");
    REQUIRE(world.servers().empty());
}
