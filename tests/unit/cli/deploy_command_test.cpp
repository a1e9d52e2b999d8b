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

const std::vector<std::string> new_bot = {"deploy", "--name", "mine", "--model", "claude-opus"};

std::vector<std::string> with(std::vector<std::string> words,
                              const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

void accept_deploy(CliWorld& world) {
    world.answer("POST /api/bots/create", 201, some_bot());
    world.answer("POST /api/deploy", 202, accepted("deploy"));
}

}  // namespace

TEST_CASE("deploy makes the bot that is described and starts its deploy") {
    CliWorld world;
    accept_deploy(world);
    world.variables = {{"TELEGRAM_BOT_TOKEN", "123:token"}, {"MODEL_API_KEY", "key"}};
    CHECK(world.run(with(new_bot, {"--model-base-url", "https://m.example", "--region", "nbg1",
                                   "--server-type", "cx33", "--telegram-mode", "polling",
                                   "--allow-user", "42", "--allow-user", "43"})) == ExitCode::ok);
    const json expected = {{"name", "mine"},
                           {"model", "claude-opus"},
                           {"modelBaseUrl", "https://m.example"},
                           {"region", "nbg1"},
                           {"serverType", "cx33"},
                           {"telegramMode", "polling"},
                           {"allowedTelegramUserIds", {42, 43}},
                           {"telegramBotToken", "123:token"},
                           {"modelApiKey", "key"}};
    CHECK(world.body_of("POST /api/bots/create") == expected);
    CHECK(world.body_of("POST /api/deploy") == json({{"botId", bot_id}}));
    CHECK_FALSE(contains(world.out.str() + world.err.str(), "123:token"));
}

TEST_CASE("the Telegram token comes from standard input, the environment or a hidden question") {
    CliWorld world;
    accept_deploy(world);
    SECTION("standard input, and the key from its next line") {
        world.variables = {{"TELEGRAM_BOT_TOKEN", "1:environment"}};
        world.in.str("123:token\r\nkey\n");
        CHECK(world.run(with(new_bot, {"--token-stdin", "--key-stdin"})) == ExitCode::ok);
        CHECK(world.body_of("POST /api/bots/create")["modelApiKey"] == "key");
    }
    SECTION("environment") {
        world.variables = {{"TELEGRAM_BOT_TOKEN", "123:token"}};
        CHECK(world.run(new_bot) == ExitCode::ok);
        CHECK_FALSE(world.body_of("POST /api/bots/create").contains("modelApiKey"));
    }
    SECTION("question") {
        world.in_is_terminal = true;
        world.hidden_answer = "123:token";
        CHECK(world.run(new_bot) == ExitCode::ok);
    }
    CHECK(world.body_of("POST /api/bots/create")["telegramBotToken"] == "123:token");
}

TEST_CASE("without a token nothing is made") {
    CliWorld world;
    accept_deploy(world);
    CHECK(world.run(new_bot) == ExitCode::usage);
    CHECK(contains(world.err.str(), "TELEGRAM_BOT_TOKEN"));
    CHECK(world.calls().empty());
}

TEST_CASE("a secret cannot be given on the command line") {
    for (const char* option : {"--token", "--telegram-token", "--model-api-key", "--key"}) {
        CliWorld world;
        CHECK(world.run(with(new_bot, {option, "hunter2"})) == ExitCode::usage);
        CHECK_FALSE(contains(world.err.str(), "hunter2"));
    }
}

TEST_CASE("deploy takes a bot that exists or a description, never both or neither") {
    for (const auto& words :
         {std::vector<std::string>{"deploy"}, std::vector<std::string>{"deploy", "--name", "x"},
          std::vector<std::string>{"deploy", "--model", "x"},
          std::vector<std::string>{"deploy", "mine", "--model", "x"}}) {
        CliWorld world;
        CHECK(world.run(words) == ExitCode::usage);
        CHECK(world.calls().empty());
    }
}

TEST_CASE("a Telegram user id that is no number is refused before anything is made") {
    CliWorld world;
    world.variables = {{"TELEGRAM_BOT_TOKEN", "123:token"}};
    CHECK(world.run(with(new_bot, {"--allow-user", "@me"})) == ExitCode::usage);
    CHECK(contains(world.err.str(), "--allow-user"));
    CHECK(world.calls().empty());
}

TEST_CASE("wrong fields are named") {
    CliWorld world;
    world.variables = {{"TELEGRAM_BOT_TOKEN", "123:token"}};
    json body = problem(422, "token_invalid", "Telegram does not know this token.");
    body["errors"] = json::array({{{"field", "telegramBotToken"}, {"message", "is unknown"}}});
    world.answer("POST /api/bots/create", 422, body);
    CHECK(world.run(new_bot) == ExitCode::usage);
    CHECK(contains(world.err.str(), "telegramBotToken: is unknown"));
}

TEST_CASE("deploy with --wait succeeds only when the bot is active") {
    CliWorld world;
    accept_deploy(world);
    world.variables = {{"TELEGRAM_BOT_TOKEN", "123:token"}};
    world.answer("GET /api/operations/" + operation_id, 200, operation("deploy", "succeeded"));
    SECTION("it is") {
        world.answer("GET /api/deploy/" + bot_id + "/status", 200, {{"status", "active"}});
        CHECK(world.run(with(new_bot, {"--wait"})) == ExitCode::ok);
        CHECK(contains(world.out.str(), "mine is active: https://t.me/mine_bot"));
    }
    SECTION("it is not") {
        world.answer("GET /api/deploy/" + bot_id + "/status", 200, {{"status", "failed"}});
        CHECK(world.run(with(new_bot, {"--wait"})) == ExitCode::failed);
    }
}

TEST_CASE("deploy says how to let somebody in, by number where nobody who writes is seen") {
    struct Row {
        std::string mode;
        std::string expected;
    };
    const Row rows[] = {
        {"webhook", "write to it there, and then run: hatchery allow " + bot_id + "\n"},
        {"polling", "hatchery allow " + bot_id + " NUMBER (@userinfobot"}};
    for (const Row& row : rows) {
        CAPTURE(row.mode);
        CliWorld world;
        json bot = some_bot();
        bot["allowedTelegramUserIds"] = json::array();
        bot["telegramMode"] = row.mode;
        world.answer("GET /api/bots/" + bot_id, 200, bot);
        world.answer("POST /api/deploy", 202, accepted("deploy"));
        world.answer("GET /api/operations/" + operation_id, 200, operation("deploy", "succeeded"));
        world.answer("GET /api/deploy/" + bot_id + "/status", 200, {{"status", "active"}});
        CHECK(world.run({"deploy", bot_id, "--wait"}) == ExitCode::ok);
        CHECK(contains(world.err.str(), row.expected));
    }
}

TEST_CASE("a live operation is named by its id") {
    CliWorld world;
    world.answer("GET /api/bots/" + bot_id, 200, some_bot());
    json body = problem(409, "conflict", "Another operation is under way.");
    body["operationId"] = operation_id;
    world.answer("POST /api/deploy", 409, body);
    CHECK(world.run({"deploy", bot_id}) == ExitCode::conflict);
    CHECK(contains(world.err.str(), operation_id));
}
