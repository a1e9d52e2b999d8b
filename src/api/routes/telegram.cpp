#include "api/body_reader.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"
#include "core/webhook_path.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

Json telegram_bot_view(const ports::TelegramBot& bot) {
    return {{"id", bot.id}, {"username", bot.username}, {"name", bot.name}};
}

Outcome verify_token(RouteContext& context, const Exchange& exchange) {
    auto body = BodyReader::open(exchange);
    if (!body) return refuse(body.error());
    const base::Secret token(body->text("token", core::check_telegram_token));
    if (auto problem = body->finish()) return refuse(std::move(*problem));
    auto bot = verified_token(context, exchange, "token", token);
    if (!bot && bot.error().code == "token_invalid") {
        return json_answer(200, {{"valid", false}, {"bot", Json()}, {"inUse", false}});
    }
    if (!bot) return refuse(bot.error());
    auto in_use = context.deps.bots.telegram_bot_in_use(bot->id);
    if (!in_use) return refuse(in_use.error());
    return json_answer(200,
                       {{"valid", true}, {"bot", telegram_bot_view(*bot)}, {"inUse", *in_use}});
}

tl::expected<base::Secret, Problem> secret_of(RouteContext& context, const core::Bot& bot,
                                              const char* name) {
    auto secret = context.deps.fleet.secret(
        {.owner = ports::SecretOwner::bot, .owner_id = bot.id.text(), .name = name});
    if (!secret) return refuse(secret.error());
    return std::move(*secret);
}

/// A failed call about a bot whose token was good once.
Problem telegram_failure(const base::Error& error) {
    if (error.kind != base::ErrorKind::unauthorized) {
        Problem problem = problem_of_error(error);
        if (problem.status == 503) problem.detail = "Telegram did not answer.";
        problem.log_detail = error.message;
        return problem;
    }
    Problem problem = problem_of_status(409, "Telegram no longer knows this bot's token.");
    problem.code = "token_invalid";
    problem.next_action = "Change the bot's token with PUT /api/bots/:id.";
    return problem;
}

Json webhook_view(const ports::WebhookInfo& info, const std::string& wanted) {
    return {
        {"url", info.url.empty() ? Json() : Json(info.url)},
        {"ours", info.url == wanted},
        {"pendingUpdateCount", info.pending_update_count},
        {"lastErrorAt", info.last_error_at ? Json(base::format_time(*info.last_error_at)) : Json()},
        {"lastErrorMessage",
         info.last_error_message.empty() ? Json() : Json(info.last_error_message)}};
}

std::string hook_url(const RouteContext& context, const core::Bot& bot) {
    return context.deps.settings.public_url + core::hook_path(bot.public_id);
}

Outcome set_webhook(RouteContext& context, const Exchange& exchange) {
    auto body = BodyReader::open(exchange);
    if (!body) return refuse(body.error());
    const std::string id = body->text("botId", core::check_uuid);
    if (auto problem = body->finish()) return refuse(std::move(*problem));
    auto bot = own_bot(context, exchange, id);
    if (!bot) return refuse(bot.error());
    if (bot->telegram_mode == core::TelegramMode::polling) {
        return refuse(409, "The bot polls Telegram; it has no webhook.");
    }
    if (bot->status != core::BotStatus::active) {
        return refuse(409, "The bot is not active; its webhook is set when it starts.");
    }
    auto token = secret_of(context, *bot, ports::secret_name::telegram_token);
    if (!token) return refuse(token.error());
    auto secret = secret_of(context, *bot, ports::secret_name::webhook_secret);
    if (!secret) return refuse(secret.error());
    const std::string url = hook_url(context, *bot);
    const auto set = context.deps.telegram.set_webhook(
        *token, {.url = url, .secret_token = *secret, .max_connections = 40, .allowed_updates = {}},
        exchange.call(outside_limit));
    if (!set) return refuse(telegram_failure(set.error()));
    return json_answer(200,
                       {{"botId", bot->id.text()}, {"webhook", {{"url", url}, {"ours", true}}}});
}

Outcome bot_info(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto id = query.text("botId", core::check_uuid);
    if (!id && !exchange.parameter("botId")) query.wrong("botId", "is required");
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    auto bot = own_bot(context, exchange, *id);
    if (!bot) return refuse(bot.error());
    auto token = secret_of(context, *bot, ports::secret_name::telegram_token);
    if (!token) return refuse(token.error());
    const auto call = exchange.call(outside_limit);
    const auto me = context.deps.telegram.get_me(*token, call);
    if (!me) return refuse(telegram_failure(me.error()));
    const auto info = context.deps.telegram.get_webhook_info(*token, call);
    if (!info) return refuse(telegram_failure(info.error()));
    return json_answer(200, {{"botId", bot->id.text()},
                             {"bot", telegram_bot_view(*me)},
                             {"webhook", webhook_view(*info, hook_url(context, *bot))}});
}

}  // namespace

void add_telegram_routes(Router& router, RouteContext& context) {
    router.add("POST", "/api/telegram/verify-token",
               [&](const Exchange& exchange) { return verify_token(context, exchange); });
    router.add("POST", "/api/telegram/set-webhook",
               [&](const Exchange& exchange) { return set_webhook(context, exchange); });
    router.add("GET", "/api/telegram/bot-info",
               [&](const Exchange& exchange) { return bot_info(context, exchange); });
}

}  // namespace hatchery::api::routes
