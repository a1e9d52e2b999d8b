#include "cli_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using cli::ExitCode;
using nlohmann::json;
using namespace tests;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

const std::string bots_page = "GET /api/bots?limit=200";

json page(std::vector<json> items, const json& next = nullptr) {
    return {{"items", items}, {"next", next}};
}

}  // namespace

TEST_CASE("an error of the API becomes its exit code, with cause and what to do") {
    struct Row {
        int status;
        const char* code;
        ExitCode exit_code;
    };
    const Row rows[] = {
        {401, "unauthorized", ExitCode::unauthorized}, {403, "forbidden", ExitCode::unauthorized},
        {404, "not_found", ExitCode::not_found},       {409, "conflict", ExitCode::conflict},
        {409, "token_conflict", ExitCode::conflict},   {422, "invalid_input", ExitCode::usage},
        {400, "invalid_input", ExitCode::usage},       {422, "token_invalid", ExitCode::usage},
        {429, "rate_limited", ExitCode::unavailable},  {503, "not_ready", ExitCode::unavailable},
        {500, "internal", ExitCode::failed},
    };
    for (const Row& row : rows) {
        CAPTURE(row.status, row.code);
        CliWorld world;
        json body = problem(row.status, row.code, "This is why.");
        body["nextAction"] = "Do this.";
        world.answer("GET /api/bots/" + bot_id, row.status, body);
        CHECK(world.run({"status", bot_id}) == row.exit_code);
        CHECK(contains(world.err.str(), "This is why."));
        CHECK(contains(world.err.str(), "Do this."));
        CHECK(world.out.str().empty());
    }
}

TEST_CASE("an API that is not there ends with 69 and names its address") {
    CliWorld world;
    world.answer(bots_page, 0, {});
    CHECK(world.run({"bots"}) == ExitCode::unavailable);
    CHECK(contains(world.err.str(), "http://127.0.0.1:8080"));
}

TEST_CASE("something else at the address is not taken for the API") {
    CliWorld world;
    world.http.answer_next(200, "<html>hello</html>");
    CHECK(world.run({"bots"}) == ExitCode::failed);
    CHECK(contains(world.err.str(), "not JSON"));
}

TEST_CASE("the token travels as a bearer and appears in no output") {
    CliWorld world;
    world.answer(bots_page, 401, problem(401, "unauthorized", "No."));
    CHECK(world.run({"bots"}) == ExitCode::unauthorized);
    REQUIRE(world.http.requests().size() == 1);
    CHECK(world.http.requests()[0].bearer->reveal() == "hat_secret");
    CHECK_FALSE(contains(world.out.str() + world.err.str(), "hat_secret"));
}

TEST_CASE("a list is read to its last page") {
    CliWorld world;
    world.answer(bots_page, 200, page({some_bot("one")}, "a b"));
    world.answer(bots_page + "&after=a%20b", 200, page({some_bot("two")}));
    CHECK(world.run({"bots"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "one"));
    CHECK(contains(world.out.str(), "two"));
    CHECK_FALSE(contains(world.out.str(), "TELEGRAM"));
}

TEST_CASE("JSON output is one document") {
    CliWorld world;
    world.answer(bots_page, 200, page({some_bot("one")}));
    CHECK(world.run({"bots", "--json"}) == ExitCode::ok);
    CHECK(json::parse(world.out.str())[0]["name"] == "one");
}

TEST_CASE("a bot is found by its name, unless several have it") {
    CliWorld world;
    json other = some_bot("twin");
    other["id"] = operation_id;
    world.answer(bots_page, 200, page({some_bot("mine"), some_bot("twin"), other}));
    world.answer("POST /api/deploy/" + bot_id + "/stop", 202, accepted("stop"));
    CHECK(world.run({"stop", "mine"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "stop accepted: operation " + operation_id));
    CHECK(world.run({"stop", "twin"}) == ExitCode::conflict);
    CHECK(world.run({"stop", "nobody"}) == ExitCode::not_found);
}

TEST_CASE("waiting prints one line a step and ends as the operation ends") {
    CliWorld world;
    const std::string path = "GET /api/operations/" + operation_id;
    world.answer("GET /api/bots/" + bot_id, 200, some_bot());
    world.answer("POST /api/deploy/" + bot_id + "/restart", 202, accepted("restart"));
    world.answer(path, 200,
                 operation("restart", "running", json::array({step("stop_bot", "running")})));
    world.answer(path, 0, {});
    world.answer(path, 200,
                 operation("restart", "waiting",
                           {step("stop_bot", "succeeded", "stopped"),
                            step("start_bot", "waiting", "OpenClaw starts")}));
    SECTION("well") {
        world.answer(path, 200,
                     operation("restart", "succeeded",
                               {step("stop_bot", "succeeded", "stopped"),
                                step("start_bot", "succeeded", "it answers")}));
        CHECK(world.run({"restart", bot_id, "--wait"}) == ExitCode::ok);
        CHECK(world.out.str() ==
              "stop_bot               succeeded       4.2 s  stopped\n"
              "start_bot              succeeded       4.2 s  it answers\n");
        CHECK(contains(world.err.str(), "Waiting for it."));
    }
    SECTION("badly") {
        json failed = operation("restart", "failed",
                                {step("stop_bot", "succeeded"), step("start_bot", "failed")});
        failed["error"] = {{"message", "It did not start."}, {"nextAction", "Look at the log."}};
        world.answer(path, 200, failed);
        CHECK(world.run({"restart", bot_id, "--wait"}) == ExitCode::failed);
        CHECK(contains(world.err.str(), "restart failed: It did not start."));
        CHECK(contains(world.err.str(), "Look at the log."));
    }
}

TEST_CASE("status shows bot, server, operation and what to do") {
    CliWorld world;
    world.answer("GET /api/bots/" + bot_id, 200, some_bot());
    json failed = operation("deploy", "failed",
                            json::array({step("provision_server", "failed", "no stock")}));
    failed["error"] = {{"message", "Out of stock."}, {"nextAction", "Try another region."}};
    world.answer("GET /api/deploy/" + bot_id + "/status", 200,
                 {{"status", "failed"},
                  {"condition", "degraded"},
                  {"server",
                   {{"provider", "hetzner"},
                    {"type", "cx23"},
                    {"region", "fsn1"},
                    {"publicIp", "127.77.1.2"},
                    {"cost", {{"amount", "4.35"}, {"currency", "EUR"}}}}},
                  {"operation", failed}});
    CHECK(world.run({"status", bot_id}) == ExitCode::ok);
    for (const char* part : {"failed (degraded)", "hetzner cx23 in fsn1 at 127.77.1.2",
                             "4.35 EUR a month", "no stock", "Try another region."}) {
        CHECK(contains(world.out.str(), part));
    }
}

TEST_CASE("stop, restart and cancel say what goes and what stays, and ask a person") {
    for (const char* word : {"stop", "restart", "cancel"}) {
        for (const auto& [typed, words, code] :
             {std::tuple{"n\n", std::vector<std::string>{}, ExitCode::failed},
              std::tuple{"", std::vector<std::string>{}, ExitCode::failed},
              std::tuple{"y\n", std::vector<std::string>{}, ExitCode::ok},
              std::tuple{"", std::vector<std::string>{"--yes"}, ExitCode::ok}}) {
            CAPTURE(word, typed, words);
            CliWorld world;
            world.in_is_terminal = true;
            world.in.str(typed);
            world.answer("GET /api/bots/" + bot_id, 200, some_bot());
            world.answer("POST /api/deploy/" + bot_id + "/" + word, 202, accepted(word));
            std::vector<std::string> all{word, bot_id};
            all.insert(all.end(), words.begin(), words.end());
            CHECK(world.run(all) == code);
            CHECK((world.calls().size() == 2) == (code == ExitCode::ok));
            if (words.empty()) {
                CHECK(contains(world.err.str(), "goes: "));
                CHECK(contains(world.err.str(), "stays: "));
            }
        }
    }
}
