#include "support/fake_bot_api.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace hatchery::support {

using base::Effect;
using base::Error;
using base::ErrorKind;

void FakeBotApi::add_bot(const std::string& token, const std::string& username,
                         const std::string& name) {
    const std::scoped_lock lock(mutex_);
    Bot bot;
    std::from_chars(token.data(), token.data() + token.size(), bot.me.id);
    bot.me.username = username;
    bot.me.name = name;
    bots_[token] = std::move(bot);
}

void FakeBotApi::revoke(const std::string& token) {
    const std::scoped_lock lock(mutex_);
    bots_.erase(token);
}

void FakeBotApi::fail_next(int times, Error error, const std::string& method) {
    const std::scoped_lock lock(mutex_);
    failures_.push_back({.method = method, .times = times, .error = std::move(error)});
}

void FakeBotApi::lose_next_answers(int times, const std::string& method) {
    const std::scoped_lock lock(mutex_);
    lost_answers_[method] += times;
}

void FakeBotApi::show_delivery(std::int64_t bot_id, long long pending,
                               std::optional<base::TimePoint> last_error_at,
                               std::string last_error) {
    const std::scoped_lock lock(mutex_);
    for (auto& [token, bot] : bots_) {
        if (bot.me.id != bot_id) continue;
        bot.delivery.pending_update_count = pending;
        bot.delivery.last_error_at = last_error_at;
        bot.delivery.last_error_message = last_error;
    }
}

std::optional<FakeBotApi::Webhook> FakeBotApi::webhook(std::int64_t bot_id) const {
    const std::scoped_lock lock(mutex_);
    for (const auto& [token, bot] : bots_) {
        if (bot.me.id == bot_id) return bot.webhook;
    }
    return std::nullopt;
}

std::vector<FakeBotApi::RecordedCall> FakeBotApi::calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
}

int FakeBotApi::calls_of(const std::string& method) const {
    const std::scoped_lock lock(mutex_);
    return static_cast<int>(
        std::ranges::count(calls_, method, [](const RecordedCall& call) { return call.method; }));
}

base::Result<FakeBotApi::Bot*> FakeBotApi::enter(const std::string& method,
                                                 const base::Secret& token,
                                                 const base::Call& call) {
    const auto found = bots_.find(token.reveal());
    calls_.push_back({.method = method, .bot_id = found == bots_.end() ? 0 : found->second.me.id});
    if (call.stop.stop_requested()) {
        return base::fail(ErrorKind::cancelled, method + " was stopped");
    }
    if (call.left().count() == 0) return base::fail(ErrorKind::timeout, method + " had no time");
    for (auto& failure : failures_) {
        if (failure.times > 0 && (failure.method.empty() || failure.method == method)) {
            --failure.times;
            return base::fail(failure.error);
        }
    }
    if (found == bots_.end()) {
        return base::fail(ErrorKind::unauthorized, "Telegram does not know this token.",
                          "Copy the token from BotFather again, whole, and enter it once more.");
    }
    return &found->second;
}

base::Result<void> FakeBotApi::leave(const std::string& method) {
    int& lost = lost_answers_[method];
    if (lost == 0) return {};
    --lost;
    Error error{.kind = ErrorKind::unavailable, .effect = Effect::unknown};
    error.message = "the connection broke before the answer to " + method;
    return base::fail(std::move(error));
}

base::Result<ports::TelegramBot> FakeBotApi::get_me(const base::Secret& token,
                                                    const base::Call& call) {
    const std::scoped_lock lock(mutex_);
    return enter("getMe", token, call).map([](const Bot* bot) { return bot->me; });
}

base::Result<void> FakeBotApi::set_webhook(const base::Secret& token,
                                           const ports::WebhookSettings& settings,
                                           const base::Call& call) {
    const std::scoped_lock lock(mutex_);
    auto bot = enter("setWebhook", token, call);
    if (!bot) return base::fail(bot.error());
    // Telegram wants https; the sandbox's Telegram takes plain http on loopback as well.
    if (!settings.url.empty() && !settings.url.starts_with("https://") &&
        !settings.url.starts_with("http://127.")) {
        Error error{.kind = ErrorKind::invalid, .effect = Effect::none};
        error.message = "Telegram answered 400 to setWebhook: an HTTPS URL must be provided";
        error.code = "400";
        return base::fail(std::move(error));
    }
    (*bot)->webhook = Webhook{.url = settings.url,
                              .secret_token = settings.secret_token.reveal(),
                              .max_connections = settings.max_connections,
                              .allowed_updates = settings.allowed_updates};
    if (settings.url.empty()) (*bot)->webhook.reset();
    return leave("setWebhook");
}

base::Result<void> FakeBotApi::delete_webhook(const base::Secret& token, const base::Call& call) {
    const std::scoped_lock lock(mutex_);
    auto bot = enter("deleteWebhook", token, call);
    if (!bot) return base::fail(bot.error());
    (*bot)->webhook.reset();
    return leave("deleteWebhook");
}

base::Result<ports::WebhookInfo> FakeBotApi::get_webhook_info(const base::Secret& token,
                                                              const base::Call& call) {
    const std::scoped_lock lock(mutex_);
    return enter("getWebhookInfo", token, call).map([](const Bot* bot) {
        ports::WebhookInfo info = bot->delivery;
        info.url = bot->webhook ? bot->webhook->url : std::string();
        return info;
    });
}

}  // namespace hatchery::support
