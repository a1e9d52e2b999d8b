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

const std::string path = "/api/bots/" + bot_id;

/// A bot that talks to 42, and to which Ada wrote.
void fill(CliWorld& world, const std::vector<int>& allowed) {
    json bot = some_bot();
    bot["allowedTelegramUserIds"] = allowed;
    world.answer("GET " + path, 200, bot);
    const json ada = {{"userId", 4711},
                      {"name", "Ada"},
                      {"username", "ada"},
                      {"lastAt", "2026-11-21T06:00:00.000Z"},
                      {"allowed", false}};
    world.answer("GET " + path + "/messages", 200, {{"senders", {ada}}});
    bot["operationId"] = nullptr;
    world.answer("PUT " + path, 200, bot);
}

}  // namespace

TEST_CASE("allow lists who may talk to a bot and who wrote to it") {
    CliWorld world;
    fill(world, {42});
    CHECK(world.run({"allow", bot_id}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "42                yes"));
    CHECK(contains(world.out.str(), "4711              no"));
    CHECK(contains(world.out.str(), "Ada @ada"));
    CHECK(world.err.str().empty());
    CliWorld as_json;
    fill(as_json, {42});
    CHECK(as_json.run({"allow", bot_id, "--json"}) == ExitCode::ok);
    CHECK(json::parse(as_json.out.str())["senders"][0]["userId"] == 4711);
    CliWorld nobody;
    fill(nobody, {});
    CHECK(nobody.run({"allow", bot_id}) == ExitCode::ok);
    CHECK(contains(nobody.err.str(), "hatchery allow BOT USER"));
}

TEST_CASE("allow lets somebody in beside those who are in, once, and takes somebody out") {
    struct Row {
        std::vector<std::string> words;
        std::vector<int> expected;
    };
    const Row rows[] = {{{"4711"}, {42, 4711}}, {{"42"}, {42}}, {{"42", "--remove"}, {}}};
    for (const Row& row : rows) {
        CAPTURE(row.words);
        CliWorld world;
        fill(world, {42});
        std::vector<std::string> words = {"allow", bot_id};
        words.insert(words.end(), row.words.begin(), row.words.end());
        CHECK(world.run(words) == ExitCode::ok);
        CHECK(world.body_of("PUT " + path)["allowedTelegramUserIds"] == json(row.expected));
    }
}

TEST_CASE("allow changes the list that the bot has by now, and nobody else's change is lost") {
    CliWorld world;
    world.answer("GET /api/bots?limit=200", 200,
                 {{"items", {some_bot("mine")}}, {"next", nullptr}});
    fill(world, {42, 43});
    world.tag("GET " + path, "\"7\"");
    CHECK(world.run({"allow", "mine", "4711"}) == ExitCode::ok);
    CHECK(world.body_of("PUT " + path)["allowedTelegramUserIds"] == json({42, 43, 4711}));
    CHECK(world.header_of("PUT " + path, "If-Match") == "\"7\"");
    CliWorld late;
    late.answer("GET " + path, 200, some_bot());
    late.tag("GET " + path, "\"7\"");
    late.answer("PUT " + path, 412, problem(412, "conflict", "The settings have changed."));
    CHECK(late.run({"allow", bot_id, "4711"}) == ExitCode::conflict);
    CHECK(contains(late.err.str(), "The settings have changed."));
    CHECK(contains(late.err.str(), "Run the command again."));
}

TEST_CASE("nobody is told to write to a bot whose messages Hatchery does not see") {
    CliWorld world;
    json bot = some_bot();
    bot["allowedTelegramUserIds"] = json::array();
    bot["telegramMode"] = "polling";
    world.answer("GET " + path, 200, bot);
    world.answer("GET " + path + "/messages", 200, {{"senders", json::array()}});
    CHECK(world.run({"allow", bot_id}) == ExitCode::ok);
    CHECK(contains(world.err.str(), "hatchery allow BOT NUMBER (@userinfobot"));
    CHECK_FALSE(contains(world.err.str(), "write to it in"));
}

TEST_CASE("allow waits for the bot to be configured anew when it is asked to") {
    json bot = some_bot();
    bot["operationId"] = operation_id;
    CliWorld running;
    running.answer("GET " + path, 200, some_bot());
    running.answer("PUT " + path, 200, bot);
    running.answer("GET /api/operations/" + operation_id, 200,
                   operation("reconfigure", "succeeded"));
    CHECK(running.run({"allow", bot_id, "4711", "--wait"}) == ExitCode::ok);
    CliWorld at_once;
    at_once.answer("GET " + path, 200, some_bot());
    at_once.answer("PUT " + path, 200, bot);
    CHECK(at_once.run({"allow", bot_id, "4711"}) == ExitCode::ok);
    CHECK(contains(at_once.out.str(), "reconfigure accepted"));
}

TEST_CASE("a user who is no number is wrong use, and nothing is asked for") {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"allow", bot_id, "@ada"},
                                                  {"allow", bot_id, "-7"},
                                                  {"allow", bot_id, "--remove"}}) {
        CAPTURE(words);
        CliWorld world;
        fill(world, {});
        CHECK(world.run(words) == ExitCode::usage);
        CHECK(world.http.requests().empty());
    }
}
