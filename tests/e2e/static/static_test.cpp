#include <algorithm>

#include "e2e/static/own_machine.hpp"
#include "support/catch.hpp"

// Deploys on a machine that the operator has already: a host of the sandbox that somebody else had
// made.

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using e2e::lend;
using e2e::OwnMachine;
using e2e::skip_without_hosts;
using e2e::World;

std::string text(const base::Json& object, const char* key) {
    return base::json_string(object, key);
}

base::Json wait_end(const World& world, const std::string& bot) {
    return world.wait_status(bot, 240s, [](const base::Json& status) {
        const auto state = text(base::json_member(status, "operation"), "state");
        return state == "succeeded" || state == "failed" || state == "cancelled";
    });
}

void must_be_active(const World& world, const std::string& bot) {
    const auto ended = wait_end(world, bot);
    INFO(base::dump_json_pretty(ended));
    REQUIRE(text(ended, "status") == "active");
}

base::Json inventory(const World& world) { return world.listed("/api/cloud/servers"); }

template <typename Holds>
void wait_until(const World& world, Holds holds) {
    base::Json now;
    const bool held = world.eventually(120s, [&] { return holds(now = inventory(world)); });
    INFO(base::dump_json_pretty(now));
    REQUIRE(held);
}

}  // namespace

TEST_CASE("a machine of the operator's own serves one bot, is wiped, and serves another") {
    if (skip_without_hosts()) return;
    World world({.bundle = e2e::Bundle::stand_in, .name = "static"});
    OwnMachine machine(world, "tower-1");
    const auto keys_before = machine.authorized_keys();
    lend(world, {&machine});
    CHECK(inventory(world).empty());

    for (int life = 0; life < 2; ++life) {
        const auto token = world.new_telegram_token();
        const auto bot = world.deploy("Tower bot", token);
        must_be_active(world, bot);
        REQUIRE_THAT(world.chat(token, "hello", 30s), Catch::Contains("hello"));
        const auto shown = inventory(world);
        INFO(base::dump_json_pretty(shown));
        REQUIRE(shown.size() == 1);
        CHECK(text(shown[0], "provider") == "static");
        CHECK(text(shown[0], "region") == "cellar");
        CHECK(text(shown[0], "botId") == bot);
        CHECK(text(shown[0], "providerState") == "running");
        CHECK_FALSE(shown[0]["orphan"].get<bool>());
        CHECK(text(shown[0]["cost"], "amount") == "12.50");
        // The story says the price with the place that was chosen.
        CHECK(std::ranges::any_of(world.log_lines(bot), [](const base::Json& line) {
            return text(line, "message").find("(tower in cellar, 12.50 EUR a month) at static") !=
                   std::string::npos;
        }));
        CHECK(machine.authorized_keys() != keys_before);
        REQUIRE(world.api().remove("/api/bots/" + bot).status / 100 == 2);
        wait_until(world, [](const base::Json& now) { return now.empty(); });
        machine.must_be_clean(keys_before);
    }
    // At no time did it cost the cloud a request.
    CHECK(world.servers().empty());
}

TEST_CASE(
    "a machine that cannot be reached is wiped as soon as it can, and lent to nobody before") {
    if (skip_without_hosts()) return;
    World world({.bundle = e2e::Bundle::stand_in, .name = "static unreachable"});
    OwnMachine machine(world, "tower-1");
    const auto keys_before = machine.authorized_keys();
    lend(world, {&machine});
    const auto bot = world.deploy("Cut off bot", world.new_telegram_token());
    must_be_active(world, bot);
    machine.power("poweroff");
    REQUIRE(world.api().remove("/api/bots/" + bot).status / 100 == 2);
    wait_until(world, [](const base::Json& now) {
        return now.size() == 1 && text(now[0], "providerState") == "deleting";
    });
    const auto refused = world.deploy("Waiting bot", world.new_telegram_token());
    const auto ended = wait_end(world, refused);
    INFO(base::dump_json_pretty(ended));
    CHECK(text(ended, "status") == "failed");
    CHECK_THAT(base::dump_json(ended), Catch::Contains("machines are taken"));

    machine.power("poweron");
    wait_until(world, [](const base::Json& now) { return now.empty(); });
    machine.must_be_clean(keys_before);
}
