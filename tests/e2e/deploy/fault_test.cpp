#include <fmt/format.h>

#include "e2e/support/world.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using base::json_string;
using e2e::skip_without_hosts;
using e2e::World;

base::Json wait_end(const World& world, const std::string& bot) {
    return world.wait_status(bot, 240s, [](const base::Json& status) {
        const auto state = json_string(base::json_member(status, "operation"), "state");
        return state == "succeeded" || state == "failed" || state == "cancelled";
    });
}

}  // namespace

TEST_CASE("a lost answer to the create leaves one server, which is adopted") {
    if (skip_without_hosts()) return;
    World world(e2e::Bundle::stand_in, "lost create answer");
    REQUIRE(world.cloud().put("/sandbox/faults", {{"createAnswerLost", 1}}).status == 200);
    const auto token = world.new_telegram_token();
    const auto bot = world.deploy("Adopted bot", token);
    REQUIRE(json_string(wait_end(world, bot), "status") == "active");
    REQUIRE(world.servers().size() == 1);
    REQUIRE_THAT(world.chat(token, "hello", 30s), Catch::Contains("hello"));
}

TEST_CASE("a server that shows a host key which nobody planted is refused and removed") {
    if (skip_without_hosts()) return;
    World world(e2e::Bundle::stand_in, "wrong host key");
    REQUIRE(world.cloud().put("/sandbox/faults", {{"wrongHostKey", 1}}).status == 200);
    const auto bot = world.deploy("Wary bot", world.new_telegram_token());
    const auto ended = wait_end(world, bot);
    REQUIRE(json_string(ended, "status") == "failed");
    const auto& error = base::json_member(base::json_member(ended, "operation"), "error");
    INFO(base::dump_json_pretty(ended));
    REQUIRE_THAT(base::dump_json(error), Catch::Contains("host key"));
    REQUIRE(world.servers().empty());
}

TEST_CASE("a token that Telegram does not know is refused and nothing is made") {
    if (skip_without_hosts()) return;
    World world(e2e::Bundle::stand_in, "bad token");
    const auto token = world.new_telegram_token();
    REQUIRE(world.telegram()
                .put("/sandbox/faults", {{"unauthorizedTokens", base::Json::array({token})}})
                .status == 200);
    const auto refused = world.create_bot("Nobody", token);
    REQUIRE(refused.status == 422);
    REQUIRE(json_string(refused.body, "code") == "token_invalid");
    REQUIRE(world.listed("/api/bots").empty());
    REQUIRE(world.servers().empty());

    const auto malformed = world.create_bot("Nobody", "not a token");
    REQUIRE(malformed.status == 422);
    REQUIRE(world.listed("/api/bots").empty());
}
