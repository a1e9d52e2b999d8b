#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "cli_world.hpp"
#include "config/login.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using cli::ExitCode;
using namespace tests;
namespace fs = std::filesystem;

namespace {

/// A command line whose user has a home.
struct LoginWorld : CliWorld {
    LoginWorld() {
        std::string pattern = (fs::temp_directory_path() / "hatchery-login-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        home = pattern;
        variables["HOME"] = home.string();
        environment.clear();
        answer("GET /api/me", 200, {{"email", "ada@example.org"}});
    }
    ~LoginWorld() { fs::remove_all(home); }
    [[nodiscard]] auto stored() const {
        return config::read_login((home / ".config/hatchery/login").string()).values;
    }
    fs::path home;
};

}  // namespace

TEST_CASE("login checks the token and keeps it with its address") {
    LoginWorld world;
    SECTION("asked for at a terminal") {
        world.in_is_terminal = true;
        world.in.str("\n");
        world.hidden_answer = "hat_typed";
    }
    SECTION("from standard input") { world.in.str("hat_typed\n"); }
    const bool typed = world.in_is_terminal;
    CHECK(world.run(typed ? std::vector<std::string>{"login"}
                          : std::vector<std::string>{"login", "--token-stdin"}) == ExitCode::ok);
    CHECK(world.out.str().find("ada@example.org") != std::string::npos);
    CHECK(world.stored()["HATCHERY_TOKEN"] == "hat_typed");
    CHECK(world.stored()["HATCHERY_API_URL"] == "http://127.0.0.1:8080");
    REQUIRE(world.http.requests().size() == 1);
    CHECK(world.http.requests()[0].bearer->reveal() == "hat_typed");
    for (const auto* text : {&world.out, &world.err}) {
        CHECK(text->str().find("hat_typed") == std::string::npos);
    }
    CHECK(world.run({"logout"}) == ExitCode::ok);
    CHECK(world.stored().empty());
    CHECK(world.run({"logout"}) == ExitCode::ok);
}

TEST_CASE("a token that is none is not kept") {
    LoginWorld refused;
    refused.http.answer_otherwise(
        [](const ports::HttpRequest&) -> base::Result<ports::HttpResponse> {
            return ports::HttpResponse{
                .status = 401, .body = problem(401, "unauthorized", "This token is none.").dump()};
        });
    refused.in.str("hat_wrong\n");
    CHECK(refused.run({"login", "--token-stdin"}) == ExitCode::unauthorized);
    CHECK(refused.stored().empty());
}

TEST_CASE("a token goes over plain http to this machine only") {
    LoginWorld world;
    world.in.str("hat_typed\n");
    CHECK(world.run({"login", "--token-stdin", "--api-url", "http://bots.example.com"}) ==
          ExitCode::usage);
    CHECK(world.err.str().find("https") != std::string::npos);
    CHECK(world.calls().empty());
    CHECK(world.stored().empty());
}

TEST_CASE("login without a token to be had is a wrong use") {
    LoginWorld world;
    CHECK(world.run({"login"}) == ExitCode::usage);
    CHECK(world.run({"login", "--token-stdin"}) == ExitCode::usage);
    CHECK(world.calls().empty());
}
