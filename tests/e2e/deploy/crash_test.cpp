#include "e2e/support/world.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using base::json_string;
using e2e::skip_without_hosts;
using e2e::World;

}  // namespace

TEST_CASE("an update that came while hatchery was dead is answered once it is back") {
    if (skip_without_hosts()) return;
    World world(e2e::Bundle::stand_in, "update while dead");
    const auto token = world.new_telegram_token();
    const auto bot = world.deploy("Patient bot", token);
    world.wait_status(bot, 180s, [](const base::Json& status) {
        return json_string(status, "status") == "active";
    });
    world.kill_hatchery();
    world.say(token, "first");
    world.start_hatchery();
    world.say(token, "second");
    const auto replies = world.wait_replies(token, 2, 60s);
    REQUIRE(replies.size() == 2);
    REQUIRE_THAT(replies[0], Catch::Contains("first"));
    REQUIRE_THAT(replies[1], Catch::Contains("second"));
}
