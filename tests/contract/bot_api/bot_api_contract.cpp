// What every BotApi promises, checked against the HTTP adapter with the sandbox's Telegram behind
// it and against the fake alike.

#include <fmt/format.h>

#include "net/curl_transport.hpp"
#include "sandbox/telegram/telegram_service.hpp"
#include "support/catch.hpp"
#include "support/fake_bot_api.hpp"
#include "telegram/telegram_api.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using base::Effect;
using base::ErrorKind;

namespace {

const std::string known_token = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456";

class SandboxWorld {
public:
    SandboxWorld() {
        std::string error;
        if (!service_.start("127.0.0.1", 0, error)) throw std::runtime_error(error);
        api_ = telegram::make_telegram_api(service_.base_url(), *transport_);
    }

    ports::BotApi& api() { return *api_; }
    void revoke() { post("/sandbox/bots/123456789/revoke", "POST", "{}"); }
    void fail_next(const std::string& method, int status) {
        fault(fmt::format(R"({{"method":"{}","status":{},"description":"planned"}})", method,
                          status));
    }
    void rate_limit_next(const std::string& method, int seconds) {
        fault(fmt::format(
            R"({{"method":"{}","status":429,"description":"Too Many Requests","retryAfter":{}}})",
            method, seconds));
    }
    void lose_next_answer(const std::string& method) {
        fault(fmt::format(R"({{"method":"{}","status":0,"afterEffect":true}})", method));
    }

private:
    void fault(const std::string& entry) {
        post("/sandbox/faults", "PUT", R"({"errors":[)" + entry + "]}");
    }
    void post(const std::string& path, const std::string& method, const std::string& body) {
        const auto response =
            transport_->send({.method = method, .url = service_.base_url() + path, .body = body},
                             base::Call::within(10s));
        REQUIRE(response);
        INFO(response->body);
        REQUIRE(response->status / 100 == 2);
    }

    sandbox::TelegramService service_;
    std::unique_ptr<ports::HttpTransport> transport_ = net::make_curl_transport();
    std::unique_ptr<ports::BotApi> api_;
};

class FakeWorld {
public:
    FakeWorld() { api_.add_bot(known_token, "some_bot", "Some Bot"); }

    ports::BotApi& api() { return api_; }
    void revoke() { api_.revoke(known_token); }
    void fail_next(const std::string& method, int status) {
        const bool broken = status >= 500;
        api_.fail_next(1,
                       {.kind = broken ? ErrorKind::unavailable : ErrorKind::invalid,
                        .effect = broken ? Effect::unknown : Effect::none,
                        .message = "planned",
                        .code = std::to_string(status)},
                       method);
    }
    void rate_limit_next(const std::string& method, int seconds) {
        api_.fail_next(1,
                       {.kind = ErrorKind::rate_limited,
                        .message = "planned",
                        .retry_after = std::chrono::seconds(seconds)},
                       method);
    }
    void lose_next_answer(const std::string& method) { api_.lose_next_answers(1, method); }

private:
    support::FakeBotApi api_;
};

base::Call soon() { return base::Call::within(10s); }

ports::WebhookSettings settings(const std::string& url) {
    return {.url = url,
            .secret_token = base::Secret("hook-secret"),
            .max_connections = 10,
            .allowed_updates = {"message", "callback_query"}};
}

const base::Secret token{known_token};
const std::string hook = "https://127.0.0.1:8443/hooks/telegram/abc";

}  // namespace

TEMPLATE_TEST_CASE("a known token names its bot", "", SandboxWorld, FakeWorld) {
    TestType world;
    const auto bot = world.api().get_me(token, soon());
    REQUIRE(bot);
    CHECK(bot->id == 123456789);
    CHECK_FALSE(bot->username.empty());
    CHECK_FALSE(bot->name.empty());
}

TEMPLATE_TEST_CASE("a token that Telegram does not know is unauthorized", "", SandboxWorld,
                   FakeWorld) {
    TestType world;
    REQUIRE(world.api().get_me(token, soon()));
    world.revoke();
    for (const std::string& text :
         {known_token, std::string("nonsense"), std::string("12:x/../y"), std::string()}) {
        CAPTURE(text);
        const auto bot = world.api().get_me(base::Secret(text), soon());
        REQUIRE_FALSE(bot);
        CHECK(bot.error().kind == ErrorKind::unauthorized);
        CHECK(bot.error().effect == Effect::none);
        CHECK(bot.error().message == "Telegram does not know this token.");
        CHECK(bot.error().next_action.find("BotFather") != std::string::npos);
        CHECK_FALSE(world.api().set_webhook(base::Secret(text), settings(hook), soon()));
    }
}

TEMPLATE_TEST_CASE("a webhook is set, shown, set again and removed", "", SandboxWorld, FakeWorld) {
    TestType world;
    CHECK(world.api().get_webhook_info(token, soon())->url.empty());
    REQUIRE(world.api().set_webhook(token, settings(hook), soon()));
    REQUIRE(world.api().set_webhook(token, settings(hook), soon()));
    const auto info = world.api().get_webhook_info(token, soon());
    REQUIRE(info);
    CHECK(info->url == hook);
    CHECK(info->pending_update_count == 0);
    CHECK_FALSE(info->last_error_at);
    REQUIRE(world.api().delete_webhook(token, soon()));
    REQUIRE(world.api().delete_webhook(token, soon()));
    CHECK(world.api().get_webhook_info(token, soon())->url.empty());
}

TEMPLATE_TEST_CASE("a webhook without TLS on the open network is invalid", "", SandboxWorld,
                   FakeWorld) {
    TestType world;
    const auto set = world.api().set_webhook(token, settings("http://hatchery.test/hook"), soon());
    REQUIRE_FALSE(set);
    CHECK(set.error().kind == ErrorKind::invalid);
    CHECK(set.error().effect == Effect::none);
    CHECK(world.api().get_webhook_info(token, soon())->url.empty());
}

TEMPLATE_TEST_CASE("a rate limit carries its delay", "", SandboxWorld, FakeWorld) {
    TestType world;
    world.rate_limit_next("getMe", 7);
    const auto bot = world.api().get_me(token, soon());
    REQUIRE_FALSE(bot);
    CHECK(bot.error().kind == ErrorKind::rate_limited);
    CHECK(bot.error().retry_after == 7s);
    CHECK(world.api().get_me(token, soon()));
}

TEMPLATE_TEST_CASE("a broken Telegram is unavailable with an unknown effect", "", SandboxWorld,
                   FakeWorld) {
    TestType world;
    world.fail_next("setWebhook", 502);
    const auto set = world.api().set_webhook(token, settings(hook), soon());
    REQUIRE_FALSE(set);
    CHECK(set.error().kind == ErrorKind::unavailable);
    CHECK(set.error().effect == Effect::unknown);
}

TEMPLATE_TEST_CASE("a refusal is invalid and has no effect", "", SandboxWorld, FakeWorld) {
    TestType world;
    world.fail_next("setWebhook", 400);
    const auto set = world.api().set_webhook(token, settings(hook), soon());
    REQUIRE_FALSE(set);
    CHECK(set.error().kind == ErrorKind::invalid);
    CHECK(set.error().effect == Effect::none);
    CHECK(set.error().code == "400");
}

TEMPLATE_TEST_CASE("a lost answer leaves an effect that can be looked up", "", SandboxWorld,
                   FakeWorld) {
    TestType world;
    world.lose_next_answer("setWebhook");
    const auto set = world.api().set_webhook(token, settings(hook), soon());
    REQUIRE_FALSE(set);
    CHECK(set.error().kind == ErrorKind::unavailable);
    CHECK(set.error().effect == Effect::unknown);
    CHECK(world.api().get_webhook_info(token, soon())->url == hook);
}

TEMPLATE_TEST_CASE("no call outlives its deadline or a stop", "", SandboxWorld, FakeWorld) {
    TestType world;
    const auto late = world.api().get_me(token, base::Call::within(0ms));
    REQUIRE_FALSE(late);
    CHECK(late.error().kind == ErrorKind::timeout);
    std::stop_source stop;
    stop.request_stop();
    const auto stopped = world.api().get_me(token, base::Call::within(10s, stop.get_token()));
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().kind == ErrorKind::cancelled);
    CHECK(stopped.error().message.find("AAabc") == std::string::npos);
}
