#include <algorithm>

#include "sandbox/telegram/methods.hpp"
#include "sandbox/telegram/webhook_rules.hpp"

namespace hatchery::sandbox::telegram {
namespace {

MethodReply remove_webhook(MethodContext& context) {
    Bot& bot = context.bot;
    if (context.call.flag("drop_pending_updates")) bot.queue.clear();
    if (bot.webhook.url.empty()) return reply_ok(true, "Webhook is already deleted");
    const auto generation = bot.webhook.generation + 1;
    bot.webhook = Webhook{.generation = generation};
    bot.last_error.reset();
    return reply_ok(true, "Webhook was deleted");
}

/// The certificate comes as an uploaded file or as PEM text.
std::string certificate_of(const MethodCall& call) {
    const auto uploaded = call.files.find("certificate");
    return uploaded == call.files.end() ? call.text("certificate") : uploaded->second.content;
}

MethodReply set_webhook(MethodContext& context) {
    Bot& bot = context.bot;
    const MethodCall& call = context.call;
    Webhook wanted{.url = call.text("url"),
                   .secret_token = call.text("secret_token"),
                   .certificate_pem = certificate_of(call),
                   .ip_address = call.text("ip_address")};
    if (wanted.url.empty()) return remove_webhook(context);
    if (const auto problem = webhook_url_problem(wanted.url); !problem.empty()) {
        return reply_error(400, problem);
    }
    if (const auto problem = secret_token_problem(wanted.secret_token); !problem.empty()) {
        return reply_error(400, problem);
    }
    const auto connections = call.integer("max_connections").value_or(40);
    wanted.max_connections =
        static_cast<int>(connections <= 0 ? 40 : std::min<std::int64_t>(connections, 100));
    const Webhook& old = bot.webhook;
    const auto old_allowed = bot.allowed_updates;
    set_allowed_updates(bot, call);
    if (call.flag("drop_pending_updates")) bot.queue.clear();
    const bool same =
        old.url == wanted.url && old.secret_token == wanted.secret_token &&
        old.certificate_pem == wanted.certificate_pem && old.ip_address == wanted.ip_address &&
        old.max_connections == wanted.max_connections && old_allowed == bot.allowed_updates;
    if (same) return reply_ok(true, "Webhook is already set");
    wanted.generation = old.generation + 1;
    bot.webhook = std::move(wanted);
    bot.last_error.reset();
    bot.queue.retry_all(context.now);
    bot.poll += 1;
    bot.poll_ended_by = "terminated by setWebhook request";
    return reply_ok(true, "Webhook was set");
}

MethodReply get_webhook_info(MethodContext& context) {
    Bot& bot = context.bot;
    bot.queue.expire(context.now);
    base::Json info{{"url", bot.webhook.url},
                    {"has_custom_certificate", !bot.webhook.certificate_pem.empty()},
                    {"pending_update_count", bot.queue.size()}};
    if (!bot.webhook.url.empty()) {
        info["max_connections"] = bot.webhook.max_connections;
        if (!bot.webhook.ip_address.empty()) info["ip_address"] = bot.webhook.ip_address;
        if (bot.last_error) {
            info["last_error_date"] = to_unix_seconds(bot.last_error->at);
            info["last_error_message"] = bot.last_error->message;
        }
    }
    if (!bot.allowed_updates.empty()) info["allowed_updates"] = bot.allowed_updates;
    return reply_ok(std::move(info));
}

}  // namespace

void set_allowed_updates(Bot& bot, const MethodCall& call) {
    const base::Json wanted = call.structure("allowed_updates");
    if (!wanted.is_array()) return;
    bot.allowed_updates.clear();
    for (const auto& kind : wanted) {
        if (kind.is_string()) bot.allowed_updates.push_back(kind.get<std::string>());
    }
    std::sort(bot.allowed_updates.begin(), bot.allowed_updates.end());
}

void add_webhook_methods(MethodTable& table) {
    table["setwebhook"] = {"setWebhook", set_webhook};
    table["deletewebhook"] = {"deleteWebhook", remove_webhook};
    table["getwebhookinfo"] = {"getWebhookInfo", get_webhook_info};
}

}  // namespace hatchery::sandbox::telegram
