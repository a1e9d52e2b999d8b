#include <algorithm>

#include "api/body_reader.hpp"
#include "api/entity_tag.hpp"
#include "api/list_page.hpp"
#include "api/routes/bot_body.hpp"
#include "api/routes/entitlement.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"
#include "base/log.hpp"
#include "core/webhook_path.hpp"
#include "crypto/digest.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;
using core::OperationKind;

Problem storing_problem(const base::Error& error) {
    if (error.code == "other_version") return changed_meanwhile();
    Problem problem = admission_problem(error);
    if (error.code != "token_conflict") return problem;
    problem.code = "token_conflict";
    problem.detail = "Another bot uses this Telegram bot already.";
    problem.next_action = "Delete that bot first, or make a new Telegram bot with BotFather.";
    problem.errors = {{"telegramBotToken", "is in use by another bot"}};
    return problem;
}

/// An answer that shows one bot, with the tag of its settings.
Answer bot_answer(int status, RouteContext& context, const core::Bot& bot) {
    Answer answer = json_answer(status, bot_view(bot, context.place_defaults()));
    answer.headers.emplace_back("ETag", entity_tag(bot.settings_version));
    return answer;
}

Answer created(RouteContext& context, const Exchange& exchange, const core::Bot& bot) {
    Answer answer = bot_answer(201, context, bot);
    exchange.target = bot.id.text();
    answer.headers.emplace_back("Location", "/api/bots/" + bot.id.text());
    return answer;
}

Outcome create(RouteContext& context, const Exchange& exchange) {
    if (exchange.resumed) {
        const auto made = context.deps.bots.find(base::BotId(exchange.effect_id), exchange.user());
        if (made) return created(context, exchange, *made);
        if (made.error().kind != base::ErrorKind::not_found) return refuse(made.error());
    }
    auto body = BodyReader::open(exchange);
    if (!body) return refuse(body.error());
    const auto account = context.deps.subscriptions.account(exchange.user());
    if (!account) return refuse(account.error());
    NewBotBody read = read_new_bot(*body, context, exchange, *account);
    if (auto problem = body->finish()) return refuse(std::move(*problem));
    if (auto problem = refuse_new_bot(context, *account)) return refuse(std::move(*problem));
    auto me = verified_token(context, exchange, "telegramBotToken", read.telegram_token);
    if (!me) return refuse(me.error());
    read.bot.id = base::BotId(exchange.effect_id);
    read.bot.telegram_bot_id = me->id;
    read.bot.telegram_username = me->username;
    store::BotSecrets secrets;
    secrets.emplace_back(ports::secret_name::telegram_token, std::move(read.telegram_token));
    if (read.model_api_key) {
        secrets.emplace_back(ports::secret_name::model_api_key, std::move(*read.model_api_key));
    }
    // The bot's own from its first day: every configuration of its server finds the same ones.
    for (const char* name :
         {ports::secret_name::webhook_secret, ports::secret_name::gateway_token}) {
        secrets.emplace_back(name, base::Secret(base::random_token(context.deps.random, 32)));
    }
    auto bot = context.deps.bots.create(read.bot, secrets, admit_bot(context));
    if (!bot) return refuse(storing_problem(bot.error()));
    return created(context, exchange, *bot);
}

Outcome list(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto limit = static_cast<int>(query.number("limit", 50, 1, 200));
    const auto after = query.text("after", core::check_cursor);
    const bool all = query.flag("all");
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    std::optional<base::UserId> owner = exchange.user();
    if (all) owner = exchange.owner();
    auto page = context.deps.bots.list(owner, after, limit);
    if (!page) return refuse(page_problem(query, page.error()));
    Json items = Json::array();
    for (const auto& bot : page->items) items.push_back(bot_view(bot, context.place_defaults()));
    return page_answer(std::move(items), page->next);
}

Outcome one(RouteContext& context, const Exchange& exchange) {
    auto bot = own_bot(context, exchange, exchange.path.front());
    if (!bot) return refuse(bot.error());
    return bot_answer(200, context, *bot);
}

tl::expected<std::optional<base::Secret>, Problem> stored_secret(RouteContext& context,
                                                                 const core::Bot& bot,
                                                                 const char* name) {
    auto secret = context.deps.fleet.secret(
        {.owner = ports::SecretOwner::bot, .owner_id = bot.id.text(), .name = name});
    if (secret) return std::optional(std::move(*secret));
    if (secret.error().kind == base::ErrorKind::not_found) return std::nullopt;
    return refuse(secret.error());
}

store::BotSettings settings_of(const BotUpdateBody& read,
                               const std::optional<ports::TelegramBot>& telegram_bot,
                               base::Random& random) {
    store::BotSettings settings{.if_version = {},
                                .name = read.name,
                                .model = read.model,
                                .model_base_url = read.model_base_url,
                                .allowed_telegram_user_ids = read.allowed_telegram_user_ids,
                                .telegram_mode = read.telegram_mode,
                                .telegram_bot_id = {},
                                .telegram_username = {},
                                .secrets = {},
                                .secrets_of_another_telegram_bot = {},
                                .removed_secrets = {}};
    if (telegram_bot) {
        settings.telegram_bot_id = telegram_bot->id;
        settings.telegram_username = telegram_bot->username;
        settings.secrets.emplace_back(ports::secret_name::telegram_token, *read.telegram_token);
        // Whoever knows the old Telegram bot's secret must not speak for the new one.
        settings.secrets_of_another_telegram_bot.emplace_back(
            ports::secret_name::webhook_secret, base::Secret(base::random_token(random, 32)));
    }
    if (read.model_api_key) {
        settings.secrets.emplace_back(ports::secret_name::model_api_key, *read.model_api_key);
    }
    if (read.forget_model_api_key) {
        settings.removed_secrets.emplace_back(ports::secret_name::model_api_key);
    }
    return settings;
}

/// The Telegram bot that this bot no longer is must not go on posting here. Best effort: an update
/// that comes nevertheless is refused, for its secret is no longer the bot's.
void leave_telegram_bot(RouteContext& context, const Exchange& exchange, const core::Bot& bot,
                        const base::Secret& old_token) {
    const auto left = context.deps.telegram.delete_webhook(old_token, exchange.call(outside_limit));
    if (left) return;
    base::log_event(base::LogLevel::warning, "old_webhook_stays",
                    {{"bot", bot.id.text()}, {"why", left.error().message}});
}

/// A live operation may be reading the settings at this moment, so they wait for its end.
std::optional<Problem> busy(const store::DeploymentView& view) {
    if (!view.operation || core::is_terminal(view.operation->operation.state)) return std::nullopt;
    Problem problem = problem_of_status(409, "Another operation on this bot is under way.");
    problem.next_action = "Wait for its end, or cancel it.";
    problem.extra.emplace_back("operationId", view.operation->operation.id.text());
    return problem;
}

/// A stopped bot learns its settings when it starts.
bool must_reconfigure(const store::DeploymentView& view, const BotUpdateBody& read) {
    return read.concerns_server() && view.server.has_value() &&
           view.bot.status != core::BotStatus::stopped;
}

/// What of the bot's settings is secret, as it is stored.
struct StoredSecrets {
    std::optional<base::Secret> telegram_token;
    std::optional<base::Secret> model_api_key;
};

tl::expected<StoredSecrets, Problem> stored_secrets(RouteContext& context, const core::Bot& bot) {
    auto token = stored_secret(context, bot, ports::secret_name::telegram_token);
    if (!token) return refuse(token.error());
    auto key = stored_secret(context, bot, ports::secret_name::model_api_key);
    if (!key) return refuse(key.error());
    return StoredSecrets{.telegram_token = std::move(*token), .model_api_key = std::move(*key)};
}

/// Whether the bot is already what the update makes of it.
bool is_done(const BotUpdateBody& read, const core::Bot& bot, const StoredSecrets& secrets) {
    const auto is = [](const auto& wanted, const auto& stored) {
        return !wanted || *wanted == stored;
    };
    const auto is_secret = [](const std::optional<base::Secret>& wanted,
                              const std::optional<base::Secret>& stored) {
        return !wanted ||
               (stored && crypto::constant_time_equal(wanted->reveal(), stored->reveal()));
    };
    return is(read.name, bot.name) && is(read.model, bot.model) &&
           is(read.model_base_url, bot.model_base_url) &&
           is(read.telegram_mode, bot.telegram_mode) &&
           is(read.allowed_telegram_user_ids, bot.allowed_telegram_user_ids) &&
           is_secret(read.telegram_token, secrets.telegram_token) &&
           is_secret(read.model_api_key, secrets.model_api_key) &&
           !(read.forget_model_api_key && secrets.model_api_key);
}

/// Stores what the update says.
tl::expected<core::Bot, Problem> store_update(RouteContext& context, const Exchange& exchange,
                                              const store::DeploymentView& view,
                                              const BotUpdateBody& read,
                                              const StoredSecrets& secrets,
                                              std::optional<std::int64_t> if_version) {
    const core::Bot& bot = view.bot;
    std::optional<ports::TelegramBot> telegram_bot;
    if (read.telegram_token) {
        auto me = verified_token(context, exchange, "telegramBotToken", *read.telegram_token);
        if (!me) return refuse(me.error());
        telegram_bot = std::move(*me);
    }
    auto settings = settings_of(read, telegram_bot, context.deps.random);
    settings.if_version = if_version;
    auto updated = context.deps.bots.update(bot.id, exchange.owner(), settings);
    if (!updated) return refuse(storing_problem(updated.error()));
    const bool leaves = telegram_bot && telegram_bot->id != bot.telegram_bot_id;
    if (leaves && view.server && secrets.telegram_token) {
        leave_telegram_bot(context, exchange, bot, *secrets.telegram_token);
    }
    return std::move(*updated);
}

Answer updated_answer(RouteContext& context, const core::Bot& bot,
                      const std::optional<core::Operation>& operation) {
    Json view = bot_view(bot, context.place_defaults());
    view["operationId"] = operation ? Json(operation->id.text()) : Json();
    Answer answer = json_answer(200, view);
    answer.headers.emplace_back("ETag", entity_tag(bot.settings_version));
    return answer;
}

/// The settings are stored by now, whatever becomes of this: the request is not over before the
/// server is told of them.
Outcome reconfigure(RouteContext& context, const Exchange& exchange, const core::Bot& bot) {
    auto operation = start_operation(context, exchange, bot, OperationKind::reconfigure);
    if (operation) return updated_answer(context, bot, *operation);
    Problem problem = operation.error();
    problem.effect_unknown = true;
    if (problem.status == 409) {
        problem.next_action = "The settings are stored; send them again once the bot is free.";
    }
    return refuse(std::move(problem));
}

Outcome update(RouteContext& context, const Exchange& exchange) {
    auto bot = own_bot(context, exchange, exchange.path.front());
    if (!bot) return refuse(bot.error());
    const auto before = started_before(context, exchange);
    if (!before) return refuse(before.error());
    if (*before) return updated_answer(context, *bot, *before);
    auto body = BodyReader::open(exchange);
    if (!body) return refuse(body.error());
    const auto wanted = read_if_match(exchange);
    if (!wanted) return refuse(wanted.error());
    const bool fits = wanted->fits(bot->settings_version);
    if (!fits && !exchange.resumed) return refuse(changed_meanwhile());
    const auto secrets = stored_secrets(context, *bot);
    if (!secrets) return refuse(secrets.error());
    const BotUpdateBody read =
        read_bot_update(*body, context, *bot, secrets->model_api_key.has_value());
    if (auto problem = body->finish()) return refuse(std::move(*problem));
    // A run of this request that broke off may have stored it, and made a new tag by that.
    const bool done = exchange.resumed && is_done(read, *bot, *secrets);
    if (!fits && !done) return refuse(changed_meanwhile());
    const auto view = context.deps.bots.deployment(bot->id, exchange.owner());
    if (!view) return refuse(view.error());
    const bool reconfigures = must_reconfigure(*view, read);
    if (!done && read.concerns_server()) {
        if (auto problem = busy(*view)) return refuse(std::move(*problem));
    }
    if (!done && reconfigures) {
        // Nothing is stored that may not be carried out.
        auto problem = refuse_operation(context, exchange, *bot, OperationKind::reconfigure);
        if (problem) return refuse(std::move(*problem));
    }
    core::Bot updated = *bot;
    if (!done) {
        const auto if_version = wanted->any ? std::nullopt : std::optional(bot->settings_version);
        auto stored = store_update(context, exchange, *view, read, *secrets, if_version);
        if (!stored) return refuse(stored.error());
        updated = std::move(*stored);
    }
    if (reconfigures) return reconfigure(context, exchange, updated);
    return updated_answer(context, updated, std::nullopt);
}

Json destroy_plan(RouteContext& context, const store::DeploymentView& view) {
    const bool hooked = view.server && view.bot.telegram_mode == core::TelegramMode::webhook;
    return {{"botId", view.bot.id.text()},
            {"plan",
             {{"server", server_view(view.server)},
              {"webhook",
               hooked ? Json(context.deps.settings.public_url + core::hook_path(view.bot.public_id))
                      : Json()},
              {"secrets", "all sealed secrets of the bot and its server"}}}};
}

Outcome destroy(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const bool plan = query.flag("plan");
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    if (plan) {
        auto bot = own_bot(context, exchange, exchange.path.front());
        if (!bot) return refuse(bot.error());
        auto view = context.deps.bots.deployment(bot->id, exchange.owner());
        if (!view) return refuse(view.error());
        // The audit log must not read as if the bot had been deleted.
        exchange.target = bot->id.text() + " plan only";
        return json_answer(200, destroy_plan(context, *view));
    }
    const auto before = started_before(context, exchange);
    if (!before) return refuse(before.error());
    const auto& id = exchange.path.front();
    if (*before) return begin_operation(context, exchange, id, OperationKind::destroy);
    const auto bot = own_bot(context, exchange, id);
    if (!bot) return refuse(bot.error());
    const auto wanted = read_if_match(exchange);
    if (!wanted) return refuse(wanted.error());
    if (!wanted->fits(bot->settings_version)) return refuse(changed_meanwhile());
    Asked asked{.kind = OperationKind::destroy};
    // Settings that change between here and the start are not those that were meant, either.
    if (!wanted->any) asked.if_settings_version = bot->settings_version;
    const auto operation = start_operation(context, exchange, *bot, std::move(asked));
    if (!operation) return refuse(operation.error());
    return accepted(*bot, *operation);
}

}  // namespace

void add_bot_routes(Router& router, RouteContext& context) {
    router.add("POST", "/api/bots/create", [&](const Exchange& e) { return create(context, e); });
    router.add("GET", "/api/bots", [&](const Exchange& e) { return list(context, e); });
    router.add("GET", "/api/bots/:id", [&](const Exchange& e) { return one(context, e); });
    router.add("PUT", "/api/bots/:id", [&](const Exchange& e) { return update(context, e); });
    router.add("DELETE", "/api/bots/:id", [&](const Exchange& e) { return destroy(context, e); });
}

}  // namespace hatchery::api::routes
