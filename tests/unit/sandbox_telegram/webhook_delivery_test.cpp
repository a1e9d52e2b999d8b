#include "support/catch.hpp"
// The fixture uses the test macros.
#include "world_fixture.hpp"

using namespace hatchery;
using namespace hatchery::tests;
using namespace std::chrono_literals;

TEST_CASE("an update goes to the webhook with its secret and is gone once taken") {
    WorldFixture f;
    f.set_webhook({{"secret_token", "sesame"}});
    const auto said = f.say("hello");
    f.delivery.pump();
    REQUIRE(f.transport->calls.size() == 1);
    const auto& call = f.transport->calls.front();
    CHECK(call.request.url == "https://bots.example.com/hook");
    CHECK(call.request.secret_token == "sesame");
    CHECK(call.update().at("update_id") == said.update_id);
    CHECK(call.update().at("message").at("text") == "hello");
    call.done({.status = 204});
    CHECK(f.webhook_info().at("pending_update_count") == 0);
    CHECK_FALSE(f.webhook_info().contains("last_error_message"));
}

TEST_CASE("updates that came before the webhook are given to it") {
    WorldFixture f;
    f.say("early");
    CHECK(f.pump_and_answer(200) == 0);
    f.set_webhook();
    CHECK(f.pump_and_answer(200) == 1);
}

TEST_CASE("a chat's updates stay in order while one of them fails") {
    WorldFixture f;
    f.set_webhook();
    f.say("one");
    f.say("two");
    f.delivery.pump();
    REQUIRE(f.transport->calls.size() == 1);
    f.transport->calls.front().done({.status = 500});
    f.transport->calls.clear();
    f.delivery.pump();
    REQUIRE(f.transport->calls.size() == 1);
    CHECK(f.transport->calls.front().update().at("message").at("text") == "one");
    f.transport->calls.front().done({.status = 200});
    f.transport->calls.clear();
    f.delivery.pump();
    CHECK(f.transport->calls.front().update().at("message").at("text") == "two");
}

TEST_CASE("no more calls run than max_connections, over all chats") {
    WorldFixture f;
    f.set_webhook({{"max_connections", 2}});
    for (std::int64_t user = 1; user <= 5; ++user) f.say("hi", user, user);
    f.delivery.pump();
    CHECK(f.transport->calls.size() == 2);
    f.delivery.pump();
    CHECK(f.transport->calls.size() == 2);
    f.transport->calls.front().done({.status = 200});
    f.delivery.pump();
    CHECK(f.transport->calls.size() == 3);
}

TEST_CASE("a refused update is tried at once, then after doubling waits, and says why") {
    WorldFixture f;
    f.set_webhook();
    f.say("hello");
    CHECK(f.pump_and_answer(502) == 1);
    CHECK(f.pump_and_answer(502) == 1);
    CHECK(f.pump_and_answer(502) == 0);
    for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        f.clock->advance(wait - 1ms);
        CHECK(f.pump_and_answer(502) == 0);
        f.clock->advance(1ms);
        CHECK(f.pump_and_answer(502) == 1);
    }
    const auto info = f.webhook_info();
    CHECK(info.at("pending_update_count") == 1);
    CHECK(info.at("last_error_message") == "Wrong response from the webhook: 502 Reason");
    CHECK(info.at("last_error_date") == 1795240800 + 183);
}

TEST_CASE("redirects count as errors") {
    WorldFixture f;
    f.set_webhook();
    f.say("hello");
    CHECK(f.pump_and_answer(302) == 1);
    CHECK(f.webhook_info().at("last_error_message") ==
          "Wrong response from the webhook: 302 Reason");
}

TEST_CASE("Retry-After moves the next try") {
    WorldFixture f;
    f.set_webhook();
    f.say("hello");
    CHECK(f.pump_and_answer(503, 120s) == 1);
    f.clock->advance(119s);
    CHECK(f.pump_and_answer(503) == 0);
    f.clock->advance(1s);
    CHECK(f.pump_and_answer(200) == 1);
}

TEST_CASE("an update that nobody takes is dropped after a day") {
    WorldFixture f;
    f.set_webhook();
    f.say("hello");
    for (int minute = 0; minute < 24 * 60; ++minute) {
        f.pump_and_answer(500);
        f.clock->advance(1min);
    }
    CHECK(f.pump_and_answer(500) == 0);
    CHECK(f.webhook_info().at("pending_update_count") == 0);
    CHECK(f.webhook_info().contains("last_error_message"));
}

TEST_CASE("23 hours of 410 close the webhook and nothing less does") {
    WorldFixture f;
    f.set_webhook();
    f.say("hello");
    f.pump_and_answer(410);
    f.clock->advance(22h);
    f.pump_and_answer(410);
    CHECK(f.webhook_info().at("url") != "");
    f.clock->advance(1h);
    f.pump_and_answer(410);
    CHECK(f.webhook_info().at("url") == "");
    CHECK(f.webhook_info().at("pending_update_count") == 1);
}

TEST_CASE("a method call in the webhook's answer is carried out") {
    WorldFixture f;
    f.set_webhook();
    f.say("hello");
    f.delivery.pump();
    const base::Json reply{{"method", "sendMessage"}, {"chat_id", kUser}, {"text", "pong"}};
    f.transport->calls.front().done({.status = 200, .body = base::dump_json(reply)});
    const auto items =
        f.world.messages({.bot_id = kBotId}, 0, std::chrono::seconds(0), {}).at("items");
    REQUIRE(items.size() == 2);
    CHECK(items.at(1).at("text") == "pong");
    CHECK(f.world.requests().at("total").at("sendMessage") == 1);
}

TEST_CASE("a late answer of the former webhook is no error of the new one") {
    WorldFixture f;
    f.set_webhook();
    f.say("hello");
    f.delivery.pump();
    f.call("setWebhook", {{"url", "https://new.example.com/"}});
    f.transport->calls.front().done({.status = 0, .problem = "Connection refused"});
    f.transport->calls.clear();
    CHECK_FALSE(f.webhook_info().contains("last_error_message"));
    f.delivery.pump();
    REQUIRE(f.transport->calls.size() == 1);
    CHECK(f.transport->calls.front().request.url == "https://new.example.com/");
}

TEST_CASE("drop_pending_updates forgets what waits and what is under way") {
    WorldFixture f;
    f.set_webhook();
    f.say("one");
    f.delivery.pump();
    f.say("two");
    f.call("deleteWebhook", {{"drop_pending_updates", "true"}});
    f.transport->calls.front().done({.status = 500});
    CHECK(f.webhook_info().at("pending_update_count") == 0);
}

TEST_CASE("nothing is delivered while Telegram is down") {
    WorldFixture f;
    f.set_webhook();
    f.say("hello");
    f.world.set_faults(sandbox::telegram::TelegramFaults{.down = true});
    CHECK(f.pump_and_answer(200) == 0);
    CHECK(f.call("getMe").drop_connection);
    f.world.set_faults({});
    CHECK(f.pump_and_answer(200) == 1);
}

TEST_CASE("update numbers grow from one life of the sandbox to the next") {
    std::int64_t before = 0;
    {
        WorldFixture f;
        for (int i = 0; i < 5; ++i) before = f.say("x").update_id;
    }
    WorldFixture f;
    f.clock->advance(1s);
    CHECK(f.say("x").update_id > before);
}
