#include <set>
#include <thread>

#include "api_world.hpp"
#include "ports/fleet_store.hpp"
#include "store/inbox_repository.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using hatchery::base::ErrorKind;
using hatchery::base::Json;

TEST_CASE("a bot is created, read, listed, changed and deleted") {
    ApiWorld world;
    Json body = world.bot_body(100001);
    body["modelApiKey"] = "sk-very-secret";
    body["allowedTelegramUserIds"] = {7, 8, 7};
    body["region"] = "fsn1";
    const auto made = world.post("/api/bots/create", body);
    REQUIRE(made.status == 201);
    CHECK(made.body["name"] == "My bot");
    CHECK(made.body["model"] == "anthropic/claude-opus-5");
    CHECK(made.body["telegramBotId"] == 100001);
    CHECK(made.body["telegramUsername"] == "the_bot");
    CHECK(made.body["status"] == "pending");
    CHECK(made.body["condition"].is_null());
    CHECK(made.body["telegramMode"] == "webhook");
    CHECK(made.body["allowedTelegramUserIds"] == Json({7, 8}));
    const std::string path = "/api/bots/" + made.body["id"].get<std::string>();
    CHECK(made.header("Location") == path);
    CHECK(world.get(path).body == made.body);
    CHECK(world.get("/api/bots").body["items"] == Json::array({made.body}));

    const auto changed = world.put(path, {{"name", "Другой"}, {"telegramMode", "polling"}});
    REQUIRE(changed.status == 200);
    CHECK(changed.body["name"] == "Другой");
    CHECK(changed.body["telegramMode"] == "polling");
    CHECK(changed.body["operationId"].is_null());
    CHECK(world.get(path).body["name"] == "Другой");

    const auto plan = world.call("DELETE", path + "?plan=true", world.alice);
    CHECK(plan.status == 200);
    CHECK(plan.body["plan"]["server"].is_null());
    CHECK(world.get(path).status == 200);
    const auto deleted = world.call("DELETE", path, world.alice);
    REQUIRE(deleted.status == 202);
    CHECK(deleted.body["botId"] == made.body["id"]);
    CHECK(world.get(path).body["condition"] == "deleting");
    world.end(world.claim(), hatchery::core::OperationState::succeeded);
    CHECK(world.get(path).status == 404);
    CHECK(world.get("/api/bots").body["items"].empty());
}

TEST_CASE("no secret is in any answer or event") {
    ApiWorld world;
    Json body = world.bot_body(100001);
    body["modelApiKey"] = "sk-very-secret";
    const auto made = world.post("/api/bots/create", body);
    const std::string id = made.body["id"];
    const auto deployed = world.post("/api/deploy", {{"botId", id}});
    for (const auto& text :
         {made.text, deployed.text, world.get("/api/bots/" + id).text, world.get("/api/bots").text,
          world.get("/api/deploy/" + id + "/status").text,
          world.get("/api/deploy/" + id + "/logs").text,
          world.get("/api/telegram/bot-info?botId=" + id).text}) {
        CHECK(text.find("sk-very-secret") == std::string::npos);
        CHECK(text.find(telegram_token(100001)) == std::string::npos);
    }
}

TEST_CASE("lists come in pages that join without gap or repetition") {
    ApiWorld world;
    for (int i = 0; i < 5; ++i) world.make_bot(100001 + i);
    std::vector<std::string> seen;
    std::string path = "/api/bots?limit=2";
    for (int page = 0; page < 5; ++page) {
        const auto answer = world.get(path);
        REQUIRE(answer.status == 200);
        for (const auto& bot : answer.body["items"]) seen.push_back(bot["id"]);
        if (answer.body["next"].is_null()) break;
        path = "/api/bots?limit=2&after=" + answer.body["next"].get<std::string>();
    }
    CHECK(seen.size() == 5);
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == 5);
}

TEST_CASE("somebody else's bot is 404 on every route") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    const std::string operation = world.post("/api/deploy", {{"botId", id}}).body["operationId"];
    const Json names_bot = {{"botId", id}};
    const std::tuple<const char*, std::string, std::string> calls[] = {
        {"GET", "/api/bots/" + id, ""},
        {"PUT", "/api/bots/" + id, R"({"name":"mine"})"},
        {"DELETE", "/api/bots/" + id, ""},
        {"DELETE", "/api/bots/" + id + "?plan=true", ""},
        {"POST", "/api/deploy", names_bot.dump()},
        {"GET", "/api/deploy/" + id + "/status", ""},
        {"GET", "/api/deploy/" + id + "/logs", ""},
        {"GET", "/api/deploy/" + id + "/events", ""},
        {"POST", "/api/deploy/" + id + "/stop", ""},
        {"POST", "/api/deploy/" + id + "/start", ""},
        {"POST", "/api/deploy/" + id + "/restart", ""},
        {"POST", "/api/deploy/" + id + "/cancel", ""},
        {"GET", "/api/operations/" + operation, ""},
        {"GET", "/api/operations/" + operation + "?wait=5", ""},
        {"POST", "/api/telegram/set-webhook", names_bot.dump()},
        {"GET", "/api/telegram/bot-info?botId=" + id, ""},
    };
    for (const auto& [method, path, body] : calls) {
        INFO(method << " " << path);
        const auto answer = world.call(method, path, world.bob, body);
        CHECK(answer.status == 404);
        CHECK(answer.code() == "not_found");
    }
    CHECK(world.call("GET", "/api/bots", world.bob).body["items"].empty());
    CHECK(world.get("/api/bots/" + id).body["name"] == "My bot");
}

TEST_CASE("a Telegram bot in use is a token_conflict, also for creates at the same moment") {
    ApiWorld world;
    const Json body = world.bot_body(100001);
    std::vector<ApiResponse> answers(8);
    {
        std::vector<std::jthread> threads;
        for (auto& answer : answers) {
            threads.emplace_back(
                [&] { answer = world.call("POST", "/api/bots/create", world.alice, body.dump()); });
        }
    }
    int made = 0;
    for (const auto& answer : answers) {
        if (answer.status == 201) {
            ++made;
        } else {
            CHECK(answer.status == 409);
            CHECK(answer.code() == "token_conflict");
            CHECK(answer.wrong_fields() == "telegramBotToken");
        }
    }
    CHECK(made == 1);
    CHECK(world.call("POST", "/api/bots/create", world.bob, body.dump()).code() ==
          "token_conflict");
    CHECK(world.get("/api/bots").body["items"].size() == 1);
    const auto second = world.make_bot(100002);
    const auto stolen =
        world.put("/api/bots/" + second, {{"telegramBotToken", telegram_token(100001)}});
    CHECK(stolen.status == 409);
    CHECK(stolen.code() == "token_conflict");
}

TEST_CASE("a token that Telegram does not know makes nothing") {
    ApiWorld world;
    Json body = world.bot_body(100001);
    body["telegramBotToken"] = telegram_token(100099);
    const auto answer = world.post("/api/bots/create", body);
    CHECK(answer.status == 422);
    CHECK(answer.code() == "token_invalid");
    CHECK(answer.wrong_fields() == "telegramBotToken");
    CHECK(world.get("/api/bots").body["items"].empty());
}

TEST_CASE("Telegram out of reach is 503 with what to do, and makes nothing") {
    ApiWorld world;
    const Json body = world.bot_body(100001);
    world.telegram.fail_next(1, {.kind = ErrorKind::unavailable, .message = "no connection"});
    const auto down = world.post("/api/bots/create", body);
    CHECK(down.status == 503);
    CHECK(down.code() == "not_ready");
    CHECK_FALSE(hatchery::base::json_string(down.body, "nextAction").empty());
    CHECK_FALSE(down.header("Retry-After").empty());
    world.telegram.fail_next(1, {.kind = ErrorKind::rate_limited,
                                 .message = "slow down",
                                 .retry_after = std::chrono::milliseconds(6500)});
    const auto flooded = world.post("/api/bots/create", body);
    CHECK(flooded.status == 429);
    CHECK(flooded.code() == "rate_limited");
    CHECK(flooded.header("Retry-After") == "7");
    CHECK(world.get("/api/bots").body["items"].empty());
    CHECK(world.post("/api/bots/create", body).status == 201);
}

TEST_CASE("a change of settings reconfigures a bot that has a server, and only then") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    world.post("/api/deploy", {{"botId", id}});
    const auto busy = world.put("/api/bots/" + id, {{"model", "anthropic/claude-x"}});
    CHECK(busy.status == 409);
    CHECK(busy.body.contains("operationId"));
    CHECK(world.put("/api/bots/" + id, {{"name", "Renamed"}}).status == 200);
    const auto job = world.claim();
    world.plan_server(job);
    world.end(job, hatchery::core::OperationState::succeeded);

    const auto renamed = world.put("/api/bots/" + id, {{"name", "Again"}});
    CHECK(renamed.body["operationId"].is_null());
    const auto changed = world.put("/api/bots/" + id, {{"model", "anthropic/claude-x"}});
    REQUIRE(changed.status == 200);
    const auto operation =
        world.get("/api/operations/" + changed.body["operationId"].get<std::string>());
    CHECK(operation.body["kind"] == "reconfigure");
}

TEST_CASE("a bot's own model key is never sent to a service it was not given for") {
    ApiWorld world;
    Json body = world.bot_body(100001);
    body["modelApiKey"] = "sk-anthropic";
    const std::string path =
        "/api/bots/" + world.post("/api/bots/create", body).body["id"].get<std::string>();
    CHECK(world.put(path, {{"model", "openai/gpt-5.6"}}).wrong_fields() == "modelApiKey");
    CHECK(world.put(path, {{"modelBaseUrl", "https://evil.example"}}).wrong_fields() ==
          "modelApiKey");
    CHECK(world.put(path, {{"model", "anthropic/claude-x"}}).status == 200);
    CHECK(world.put(path, {{"model", "gpt-5"}, {"modelApiKey", "sk-openai"}}).status == 200);
    // Back to the operator's key, which there is for anthropic only.
    CHECK(world.put(path, {{"modelApiKey", nullptr}}).wrong_fields() == "model");
    CHECK(world.put(path, {{"modelApiKey", nullptr}, {"model", "claude-opus"}}).status == 200);
}

TEST_CASE(
    "the token of another Telegram bot comes with a fresh webhook secret and an empty inbox") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    const auto inbox =
        hatchery::store::make_inbox_repository(world.database->pool(), *world.notifications);
    REQUIRE(inbox->store({.bot_id = hatchery::base::BotId(id),
                          .update_id = 1,
                          .body = "{}",
                          .received_at = world.clock.now()}));
    const auto pending = [&] { return inbox->counts().value().pending; };
    const auto secret = [&] {
        return world.fleet
            ->secret({hatchery::ports::SecretOwner::bot, id,
                      hatchery::ports::secret_name::webhook_secret})
            .value()
            .reveal();
    };
    const std::string first = secret();
    const auto same = world.put("/api/bots/" + id, {{"telegramBotToken", telegram_token(100001)}});
    REQUIRE(same.status == 200);
    CHECK(secret() == first);
    CHECK(pending() == 1);

    (void)world.bot_body(100002);
    const auto other = world.put("/api/bots/" + id, {{"telegramBotToken", telegram_token(100002)}});
    REQUIRE(other.status == 200);
    CHECK(other.body["telegramBotId"] == 100002);
    CHECK(secret() != first);
    CHECK(secret().size() == first.size());
    CHECK(pending() == 0);
}
