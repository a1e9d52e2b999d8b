#include "cli_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using cli::ExitCode;
using namespace tests;

namespace {

const std::string destroy_path = "DELETE /api/bots/" + bot_id;

void prepare(CliWorld& world) {
    world.answer("GET /api/bots/" + bot_id, 200, some_bot());
    world.answer(destroy_path + "?plan=true", 200,
                 {{"plan",
                   {{"server", {{"name", "hatchery-x"}, {"provider", "hetzner"}}},
                    {"webhook", "https://bots.example/hooks/telegram/abc"},
                    {"secrets", "all of them"}}}});
    world.answer(destroy_path, 202, accepted("destroy"));
}

bool destroyed(const CliWorld& world) {
    for (const auto& call : world.calls()) {
        if (call == destroy_path) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("destroy says what goes and goes on when the bot's name is typed") {
    CliWorld world;
    prepare(world);
    world.in_is_terminal = true;
    world.in.str("mine\n");
    CHECK(world.run({"destroy", bot_id}) == ExitCode::ok);
    CHECK(world.err.str().find("hatchery-x at hetzner") != std::string::npos);
    CHECK(world.err.str().find("https://bots.example/hooks/telegram/abc") != std::string::npos);
    CHECK(destroyed(world));
}

TEST_CASE("any other word leaves the bot alone") {
    CliWorld world;
    prepare(world);
    world.in_is_terminal = true;
    world.in.str("yes\n");
    CHECK(world.run({"destroy", bot_id}) == ExitCode::failed);
    CHECK_FALSE(destroyed(world));
}

TEST_CASE("without a terminal destroy needs --yes") {
    CliWorld world;
    prepare(world);
    SECTION("without") {
        world.in.str("mine\n");
        CHECK(world.run({"destroy", bot_id}) == ExitCode::usage);
        CHECK_FALSE(destroyed(world));
    }
    SECTION("with") {
        CHECK(world.run({"destroy", bot_id, "--yes"}) == ExitCode::ok);
        CHECK(destroyed(world));
    }
}
