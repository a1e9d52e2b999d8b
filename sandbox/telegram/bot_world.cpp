#include "sandbox/telegram/bot_world.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "sandbox/telegram/markup.hpp"
#include "sandbox/telegram/methods.hpp"

namespace hatchery::sandbox::telegram {
namespace {

constexpr std::int64_t longest_poll_s = 50;
constexpr auto longest_sleep = std::chrono::milliseconds(1000);

/// Numbers that grow from one life of the sandbox to the next, because whoever received updates
/// remembers their numbers.
std::int64_t first_number(base::TimePoint now, std::int64_t per_second) {
    constexpr std::int64_t epoch_s = 1'700'000'000;
    return std::max<std::int64_t>(1, (to_unix_seconds(now) - epoch_s) * per_second);
}

}  // namespace

BotWorld::BotWorld(std::shared_ptr<SandboxClock> clock) : clock_(std::move(clock)) {
    clock_subscription_ = clock_->subscribe([this] {
        const Lock lock(mutex_);
        announce();
    });
}

BotWorld::~BotWorld() { clock_->unsubscribe(clock_subscription_); }

void BotWorld::announce() {
    changed_.notify_all();
    if (on_work_) on_work_();
}

bool BotWorld::wait_for_change(Lock& lock, base::TimePoint deadline) {
    const auto now = clock_->now();
    if (now >= deadline) return false;
    changed_.wait_for(lock, std::min<std::chrono::microseconds>(deadline - now, longest_sleep));
    return true;
}

Bot& BotWorld::bot_of(std::int64_t bot_id) {
    const auto [found, is_new] = bots_.try_emplace(bot_id);
    Bot& bot = found->second;
    if (is_new) {
        bot.id = bot_id;
        bot.next_update_id = first_number(clock_->now(), 8);
        bot.next_message_id = first_number(clock_->now(), 1);
    }
    return bot;
}

Bot* BotWorld::admit(const BotToken& token) {
    if (faults_.is_unauthorized(token.bot_id, token.secret)) return nullptr;
    Bot& bot = bot_of(token.bot_id);
    if (bot.revoked_secrets.contains(token.secret)) return nullptr;
    if (bot.secret.empty()) bot.secret = token.secret;
    return bot.secret == token.secret ? &bot : nullptr;
}

Bot* BotWorld::named_bot(const BotName& name) {
    if (name.token.empty()) {
        const auto found = bots_.find(name.bot_id.value_or(0));
        return found == bots_.end() ? nullptr : &found->second;
    }
    const auto token = parse_bot_token(name.token);
    return token ? admit(*token) : nullptr;
}

void BotWorld::count_call(const std::string& bot, const std::string& method) {
    ++calls_[bot][method];
}

MethodReply BotWorld::call(const std::string& token_text, const MethodCall& call) {
    Lock lock(mutex_);
    const std::string lower_method = to_lower(call.method);
    const auto token = parse_bot_token(token_text);
    count_call(token ? std::to_string(token->bot_id) : "malformed", canonical_method(call.method));
    const auto latency_over = std::chrono::steady_clock::now() + faults_.latency;
    changed_.wait_until(lock, latency_over, [&] {
        return stopping_ || std::chrono::steady_clock::now() >= latency_over;
    });
    if (faults_.down || stopping_) {
        MethodReply dropped;
        dropped.drop_connection = true;
        return dropped;
    }
    if (!token) return reply_error(404);
    const auto fault = faults_.take_error(lower_method);
    if (fault && !fault->after_effect) return fault_reply(*fault);
    Bot* bot = admit(*token);
    if (bot == nullptr) return reply_error(401);
    MethodReply reply = run(lock, *bot, call);
    announce();
    return fault ? fault_reply(*fault) : reply;
}

MethodReply BotWorld::run(Lock& lock, Bot& bot, const MethodCall& call) {
    const std::string name = to_lower(call.method);
    if (name == "getupdates") return poll_updates(lock, bot, call);
    const auto method = method_table().find(name);
    if (method == method_table().end()) return reply_error(404, "method not found");
    MethodContext context{bot, call, clock_->now(), transcript_, files_};
    return method->second.run(context);
}

MethodReply BotWorld::poll_updates(Lock& lock, Bot& bot, const MethodCall& call) {
    if (!bot.webhook.url.empty()) {
        return reply_error(409,
                           "can't use getUpdates method while webhook is active; use deleteWebhook "
                           "to delete the webhook first");
    }
    set_allowed_updates(bot, call);
    const std::uint64_t mine = ++bot.poll;
    bot.last_poll = clock_->now();
    bot.poll_ended_by =
        "terminated by other getUpdates request; make sure that only one bot instance is running";
    changed_.notify_all();
    const auto offset = call.integer("offset").value_or(0);
    if (offset < 0) {
        bot.queue.keep_newest(static_cast<std::size_t>(-offset));
    } else {
        bot.queue.confirm_before(offset);
    }
    const auto limit = std::clamp<std::int64_t>(call.integer("limit").value_or(100), 1, 100);
    const auto timeout_s =
        std::clamp<std::int64_t>(call.integer("timeout").value_or(0), 0, longest_poll_s);
    const auto deadline = clock_->now() + std::chrono::seconds(timeout_s);
    do {
        if (bot.poll != mine) return reply_error(409, bot.poll_ended_by);
        bot.queue.expire(clock_->now());
    } while (bot.queue.size() == 0 && !stopping_ && wait_for_change(lock, deadline));
    return reply_ok(bot.queue.oldest(static_cast<std::size_t>(limit)));
}

std::optional<std::string> BotWorld::file(const std::string& token_text,
                                          const std::string& file_id) {
    const Lock lock(mutex_);
    const auto token = parse_bot_token(token_text);
    if (!token || admit(*token) == nullptr) return std::nullopt;
    const StoredFile* found = files_.find(file_id);
    return found == nullptr ? std::nullopt : std::optional<std::string>(found->content);
}

bool BotWorld::revoke(std::int64_t bot_id) {
    const Lock lock(mutex_);
    const auto found = bots_.find(bot_id);
    if (found == bots_.end()) return false;
    Bot& bot = found->second;
    if (!bot.secret.empty()) bot.revoked_secrets.insert(std::exchange(bot.secret, {}));
    ++bot.poll;
    bot.poll_ended_by = "terminated by other getUpdates request";
    announce();
    return true;
}

std::vector<Delivery> BotWorld::take_deliveries() {
    const Lock lock(mutex_);
    std::vector<Delivery> taken;
    if (faults_.down || stopping_) return taken;
    const auto now = clock_->now();
    for (auto& [bot_id, bot] : bots_) {
        bot.queue.expire(now);
        if (bot.webhook.url.empty()) continue;
        const Webhook& hook = bot.webhook;
        for (const auto& update : bot.queue.take_due(now, hook.max_connections)) {
            taken.push_back({.bot_id = bot_id,
                             .update_id = update.update_id,
                             .webhook_generation = hook.generation,
                             .request = {.url = hook.url,
                                         .secret_token = hook.secret_token,
                                         .body = base::dump_json(update.body),
                                         .certificate_pem = hook.certificate_pem,
                                         .ip_address = hook.ip_address}});
        }
    }
    return taken;
}

std::optional<base::TimePoint> BotWorld::next_delivery() const {
    const Lock lock(mutex_);
    std::optional<base::TimePoint> earliest;
    if (faults_.down) return earliest;
    for (const auto& [bot_id, bot] : bots_) {
        if (bot.webhook.url.empty()) continue;
        const auto due = bot.queue.next_due(bot.webhook.max_connections);
        if (due && (!earliest || *due < *earliest)) earliest = due;
    }
    return earliest;
}

void BotWorld::finish_delivery(const Delivery& delivery, const WebhookAnswer& answer) {
    Lock lock(mutex_);
    Bot& bot = bot_of(delivery.bot_id);
    if (answer.status >= 200 && answer.status < 300) {
        bot.queue.delivered(delivery.update_id);
        bot.webhook.gone_since.reset();
        reply_in_webhook(lock, bot, answer.body);
    } else {
        refuse_delivery(bot, delivery, answer);
    }
    announce();
}

void BotWorld::refuse_delivery(Bot& bot, const Delivery& delivery, const WebhookAnswer& answer) {
    constexpr std::chrono::hours gone_limit{23};
    const auto now = clock_->now();
    Webhook& hook = bot.webhook;
    if (hook.generation != delivery.webhook_generation || hook.url.empty()) {
        bot.queue.failed(delivery.update_id, now, std::chrono::seconds(0));
        return;
    }
    std::string message = answer.problem;
    if (answer.status != 0) {
        message = "Wrong response from the webhook: " + std::to_string(answer.status) +
                  (answer.reason.empty() ? "" : " " + answer.reason);
    }
    base::log_event(base::LogLevel::info, "telegram_webhook_failed",
                    {{"bot", bot.id}, {"update", delivery.update_id}, {"problem", message}});
    bot.last_error = WebhookError{.at = now, .message = std::move(message)};
    bot.queue.failed(delivery.update_id, now, answer.retry_after);
    if (answer.status != 410) {
        hook.gone_since.reset();
        return;
    }
    if (!hook.gone_since) hook.gone_since = now;
    if (now - *hook.gone_since >= gone_limit) {
        hook = Webhook{.generation = hook.generation + 1};
        base::log_event(base::LogLevel::info, "telegram_webhook_closed", {{"bot", bot.id}});
    }
}

void BotWorld::reply_in_webhook(Lock& lock, Bot& bot, const std::string& body) {
    const auto first = body.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || body[first] != '{') return;
    auto parsed = base::parse_json(body);
    if (!parsed || !parsed->is_object()) return;
    MethodCall call{.method = base::json_string(*parsed, "method"), .params = *parsed};
    const std::string name = to_lower(call.method);
    if (name.empty() || name.starts_with("get")) return;
    count_call(std::to_string(bot.id), canonical_method(name));
    static_cast<void>(run(lock, bot, call));
}

void BotWorld::on_work(std::function<void()> callback) {
    const Lock lock(mutex_);
    on_work_ = std::move(callback);
}

void BotWorld::stop() {
    const Lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
}

}  // namespace hatchery::sandbox::telegram
