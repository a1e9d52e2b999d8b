#include "telegram/telegram_api.hpp"

#include <utility>

#include "base/json_value.hpp"
#include "telegram/telegram_answer.hpp"

namespace hatchery::telegram {

namespace {

/// Answers to the four methods are small; anything longer is not Telegram's.
constexpr std::size_t max_answer_bytes = 1U << 20U;

class TelegramApi final : public ports::BotApi {
public:
    TelegramApi(std::string base_url, ports::HttpTransport& transport)
        : base_url_(std::move(base_url)), transport_(transport) {
        while (base_url_.ends_with('/')) base_url_.pop_back();
    }

    base::Result<ports::TelegramBot> get_me(const base::Secret& token,
                                            const base::Call& call) override {
        return ask(token, "getMe", base::Json::object(), call).and_then(read_bot);
    }

    base::Result<void> set_webhook(const base::Secret& token,
                                   const ports::WebhookSettings& settings,
                                   const base::Call& call) override {
        // An absent allowed_updates would keep what was set before: always say it.
        const base::Json parameters = {{"url", settings.url},
                                       {"secret_token", settings.secret_token.reveal()},
                                       {"max_connections", settings.max_connections},
                                       {"allowed_updates", settings.allowed_updates},
                                       {"drop_pending_updates", false}};
        return ask(token, "setWebhook", parameters, call).map([](const base::Json&) {});
    }

    base::Result<void> delete_webhook(const base::Secret& token, const base::Call& call) override {
        return ask(token, "deleteWebhook", {{"drop_pending_updates", false}}, call)
            .map([](const base::Json&) {});
    }

    base::Result<ports::WebhookInfo> get_webhook_info(const base::Secret& token,
                                                      const base::Call& call) override {
        return ask(token, "getWebhookInfo", base::Json::object(), call).and_then(read_webhook_info);
    }

private:
    base::Result<base::Json> ask(const base::Secret& token, const std::string& method,
                                 const base::Json& parameters, const base::Call& call) {
        ports::HttpRequest request;
        request.method = parameters.empty() ? "GET" : "POST";
        request.url = base_url_ + "/bot{secret}/" + method;
        request.url_secret = token;
        request.headers = {{"Accept", "application/json"}};
        if (!parameters.empty()) {
            request.headers.emplace_back("Content-Type", "application/json");
            request.body = base::dump_json(parameters);
        }
        request.max_response_bytes = max_answer_bytes;
        auto response = transport_.send(request, call);
        if (!response) return base::fail(std::move(response.error()));
        return read_answer(method, *response);
    }

    std::string base_url_;
    ports::HttpTransport& transport_;
};

}  // namespace

std::unique_ptr<ports::BotApi> make_telegram_api(std::string base_url,
                                                 ports::HttpTransport& transport) {
    return std::make_unique<TelegramApi>(std::move(base_url), transport);
}

}  // namespace hatchery::telegram
