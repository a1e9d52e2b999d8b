#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json_value.hpp"
#include "sandbox/telegram/bot_world.hpp"
#include "sandbox/telegram/webhook_delivery.hpp"

namespace hatchery::tests {

constexpr const char* kToken = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX";
constexpr const char* kOtherSecret = "123456789:BBHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX";
constexpr std::int64_t kBotId = 123456789;
constexpr std::int64_t kUser = 111222333;

/// Webhook calls that the test answers by hand, in the test's own thread.
class HandTransport final : public sandbox::telegram::WebhookTransport {
public:
    struct Call {
        sandbox::telegram::WebhookRequest request;
        Done done;
        [[nodiscard]] base::Json update() const { return base::parse_json(request.body).value(); }
    };

    void send(sandbox::telegram::WebhookRequest request, Done done) override {
        calls.push_back({std::move(request), std::move(done)});
    }
    void stop() override {}

    std::vector<Call> calls;
};

/// The sandbox's Telegram with a clock that stands still and webhooks answered by hand.
struct WorldFixture {
    std::shared_ptr<sandbox::ManualClock> clock =
        std::make_shared<sandbox::ManualClock>(base::parse_time("2026-11-21T06:00:00Z").value());
    sandbox::telegram::BotWorld world{clock};
    HandTransport* transport = new HandTransport;  // owned by the delivery
    sandbox::telegram::WebhookDelivery delivery{
        world, clock, std::unique_ptr<sandbox::telegram::WebhookTransport>(transport)};

    sandbox::telegram::MethodReply call(const std::string& method,
                                        base::Json params = base::Json::object(),
                                        const std::string& token = kToken) {
        return world.call(
            token, sandbox::telegram::MethodCall{.method = method, .params = std::move(params)});
    }

    sandbox::telegram::SpokenResult say(const std::string& text, std::int64_t chat = kUser,
                                        std::int64_t user = kUser) {
        const sandbox::telegram::BotName name{.token = kToken};
        REQUIRE(world.check_name(name).is_null());
        return world.say(name, {.chat_id = chat, .user_id = user, .text = text});
    }

    sandbox::telegram::MethodReply set_webhook(base::Json more = base::Json::object()) {
        base::Json params{{"url", "https://bots.example.com/hook"}};
        params.update(more);
        return call("setWebhook", params);
    }

    /// Sends what is due and answers all of it with this status.
    std::size_t pump_and_answer(int status, std::optional<std::chrono::seconds> retry_after = {}) {
        delivery.pump();
        const auto calls = std::exchange(transport->calls, {});
        for (const auto& one : calls) {
            one.done({.status = status, .reason = "Reason", .retry_after = retry_after});
        }
        return calls.size();
    }

    [[nodiscard]] base::Json webhook_info() { return call("getWebhookInfo").result; }
};

}  // namespace hatchery::tests
