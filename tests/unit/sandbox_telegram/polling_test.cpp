#include <future>
#include <thread>

#include "support/catch.hpp"
// The fixture uses the test macros.
#include "world_fixture.hpp"

using namespace hatchery;
using namespace hatchery::tests;
using namespace std::chrono_literals;

namespace {

/// Waits for what another thread does. The deadline only bounds a failing test.
template <typename Condition>
bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

std::int64_t polls_begun(WorldFixture& f) {
    const auto calls = f.world.requests().at("total");
    return base::json_int(calls, "getUpdates");
}

}  // namespace

TEST_CASE("updates wait for a poller and stay until it confirms them") {
    WorldFixture f;
    const auto first = f.say("one");
    const auto second = f.say("two");
    CHECK(second.update_id == first.update_id + 1);
    CHECK(f.call("getUpdates", {{"limit", 1}}).result.size() == 1);
    const auto both = f.call("getUpdates").result;
    REQUIRE(both.size() == 2);
    CHECK(both.at(0).at("message").at("text") == "one");
    CHECK(both.at(0).at("message").at("from").at("id") == kUser);
    CHECK(f.call("getUpdates", {{"offset", second.update_id}}).result.size() == 1);
    CHECK(f.call("getUpdates", {{"offset", second.update_id + 1}}).result.empty());
}

TEST_CASE("a long poll ends with the first update") {
    WorldFixture f;
    REQUIRE(f.call("getMe").status == 200);
    auto poll =
        std::async(std::launch::async, [&] { return f.call("getUpdates", {{"timeout", 30}}); });
    REQUIRE(eventually([&] { return polls_begun(f) == 1; }));
    f.say("wake up");
    CHECK(poll.get().result.at(0).at("message").at("text") == "wake up");
}

TEST_CASE("a long poll ends empty when its time is over") {
    WorldFixture f;
    auto poll =
        std::async(std::launch::async, [&] { return f.call("getUpdates", {{"timeout", 30}}); });
    REQUIRE(eventually([&] { return polls_begun(f) == 1; }));
    REQUIRE(eventually([&] {
        f.clock->advance(5s);
        return poll.wait_for(0s) == std::future_status::ready;
    }));
    CHECK(poll.get().result == base::Json::array());
}

TEST_CASE("a second poller ends the first with 409") {
    WorldFixture f;
    auto poll =
        std::async(std::launch::async, [&] { return f.call("getUpdates", {{"timeout", 30}}); });
    REQUIRE(eventually([&] { return polls_begun(f) == 1; }));
    // The count goes up just before the poll begins, so the second poller comes until it is met.
    REQUIRE(eventually([&] {
        f.call("getUpdates");
        return poll.wait_for(0s) == std::future_status::ready;
    }));
    const auto ended = poll.get();
    CHECK(ended.status == 409);
    CHECK(ended.description ==
          "Conflict: terminated by other getUpdates request; make sure that only one bot instance "
          "is running");
}

TEST_CASE("polling is a conflict while a webhook is set, and updates survive its deletion") {
    WorldFixture f;
    f.set_webhook();
    f.say("for the webhook");
    CHECK(f.call("getUpdates").status == 409);
    CHECK(f.webhook_info().at("pending_update_count") == 1);
    f.call("deleteWebhook");
    CHECK(f.webhook_info().at("pending_update_count") == 1);
    CHECK(f.call("getUpdates").result.size() == 1);
    f.call("deleteWebhook", {{"drop_pending_updates", true}});
    CHECK(f.call("getUpdates").result.empty());
}

TEST_CASE("a bot is given the kinds of updates that it asked for") {
    WorldFixture f;
    f.call("getUpdates", {{"allowed_updates", {"callback_query"}}});
    CHECK(f.say("unwanted").update_id == 0);
    f.call("getUpdates", {{"allowed_updates", base::Json::array()}});
    CHECK(f.say("wanted").update_id != 0);
}

TEST_CASE("a pressed button is a callback query with its message") {
    WorldFixture f;
    f.say("hello");
    const auto keyboard =
        base::Json::parse(R"({"inline_keyboard":[[{"text":"Yes","callback_data":"y"}]]})");
    const auto sent = f.call(
        "sendMessage",
        {{"chat_id", kUser}, {"text", "really?"}, {"reply_markup", base::dump_json(keyboard)}});
    const auto message_id = sent.result.at("message_id").get<std::int64_t>();
    f.world.press({.bot_id = kBotId},
                  {.chat_id = kUser, .user_id = kUser, .message_id = message_id, .data = "y"});
    const auto query = f.call("getUpdates", {{"offset", -1}}).result.at(0).at("callback_query");
    CHECK(query.at("data") == "y");
    CHECK(query.at("message").at("text") == "really?");
    CHECK(f.call("answerCallbackQuery", {{"callback_query_id", query.at("id")}}).status == 200);
}
