#include <condition_variable>
#include <mutex>
#include <thread>

#include "api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using hatchery::base::Json;

TEST_CASE("verify-token tells whose token it is and whether it is in use, without an effect") {
    ApiWorld world;
    world.telegram.add_bot(telegram_token(100001), "free_bot", "Free");
    const auto verify = [&](const std::string& token) {
        return world.post("/api/telegram/verify-token", {{"token", token}});
    };
    const auto free = verify(telegram_token(100001));
    REQUIRE(free.status == 200);
    CHECK(free.body == Json({{"valid", true},
                             {"bot", {{"id", 100001}, {"username", "free_bot"}, {"name", "Free"}}},
                             {"inUse", false}}));
    world.make_bot(100001);
    CHECK(verify(telegram_token(100001)).body["inUse"] == true);
    const auto unknown = verify(telegram_token(100009));
    CHECK(unknown.status == 200);
    CHECK(unknown.body["valid"] == false);
    const auto malformed = verify("nonsense");
    CHECK(malformed.status == 422);
    CHECK(malformed.wrong_fields() == "token");
    CHECK(world.telegram.calls_of("setWebhook") == 0);
}

TEST_CASE("the webhook is registered again for an active bot, as Telegram then shows") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    CHECK(world.post("/api/telegram/set-webhook", {{"botId", id}}).status == 409);
    world.post("/api/deploy", {{"botId", id}});
    world.end(world.claim(), hatchery::core::OperationState::succeeded);
    const auto set = world.post("/api/telegram/set-webhook", {{"botId", id}});
    REQUIRE(set.status == 200);
    const auto webhook = world.telegram.webhook(100001);
    REQUIRE(webhook);
    CHECK(webhook->url == "https://hatchery.example/hooks/telegram/" +
                              world.get("/api/bots/" + id).body["publicId"].get<std::string>());
    CHECK(webhook->secret_token.size() >= 32);
    const auto info = world.get("/api/telegram/bot-info?botId=" + id);
    REQUIRE(info.status == 200);
    CHECK(info.body["bot"]["id"] == 100001);
    CHECK(info.body["webhook"]["ours"] == true);
    CHECK(info.text.find(webhook->secret_token) == std::string::npos);

    world.telegram.revoke(telegram_token(100001));
    CHECK(world.get("/api/telegram/bot-info?botId=" + id).code() == "token_invalid");
}

TEST_CASE("updates are handed to the receiver with their secret, and its answer is given") {
    ApiWorld world;
    const auto answer = world.call("POST", "/hooks/telegram/abc123", "", R"({"update_id":1})",
                                   {{"X-Telegram-Bot-Api-Secret-Token", "hush"}});
    CHECK(answer.status == 200);
    CHECK(world.receiver.public_id == "abc123");
    CHECK(world.receiver.secret == "hush");
    CHECK(world.receiver.body == R"({"update_id":1})");
    world.receiver.answer = {.status = 401, .retry_after = std::nullopt};
    CHECK(world.call("POST", "/hooks/telegram/abc123", "", "{}").status == 401);
    world.receiver.answer = {.status = 503, .retry_after = std::chrono::seconds(9)};
    const auto busy = world.call("POST", "/hooks/telegram/abc123", "", "{}");
    CHECK(busy.status == 503);
    CHECK(busy.header("Retry-After") == "9");
}

TEST_CASE("a Telegram that hangs takes no thread from what does not need it") {
    ApiWorld world;
    (void)world.bot_body(100001);
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    int inside = 0;
    world.slow_telegram.before_each_call = [&] {
        std::unique_lock lock(mutex);
        ++inside;
        changed.notify_all();
        changed.wait_for(lock, std::chrono::seconds(20), [&] { return open; });
    };
    std::vector<ApiResponse> answers(40);
    std::vector<std::jthread> callers;
    for (auto& answer : answers) {
        callers.emplace_back([&] {
            answer = world.call("POST", "/api/telegram/verify-token", world.alice,
                                Json{{"token", telegram_token(100001)}}.dump());
        });
    }
    {
        std::unique_lock lock(mutex);
        REQUIRE(changed.wait_for(lock, std::chrono::seconds(10), [&] { return inside >= 8; }));
    }
    CHECK(world.get("/api/bots").status == 200);
    CHECK(world.call("POST", "/hooks/telegram/abc", "", "{}").status == 200);
    {
        const std::lock_guard lock(mutex);
        CHECK(inside == 8);
        open = true;
        changed.notify_all();
    }
    callers.clear();
    for (const auto& answer : answers) CHECK(answer.body["valid"] == true);
}
