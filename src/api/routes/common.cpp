#include <algorithm>

#include "api/routes/entitlement.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"
#include "core/bot_transitions.hpp"

namespace hatchery::api::routes {

namespace {

constexpr std::chrono::seconds default_deadline{30 * 60};

/// Telegram's failures other than a bad token.
Problem telegram_problem(const base::Error& error) {
    Problem problem = problem_of_error(error);
    if (error.kind == base::ErrorKind::rate_limited) {
        problem.detail = "Telegram asks for a pause before the next check of a token.";
    } else {
        problem =
            problem_of_status(503, "Telegram did not answer, so the token could not be checked.");
        problem.retry_after_s = 5;
    }
    problem.log_detail = error.message;
    problem.next_action = "Nothing was changed; try again in a moment.";
    return problem;
}

}  // namespace

tl::expected<core::Bot, Problem> own_bot(RouteContext& context, const Exchange& exchange,
                                         const std::string& id) {
    if (!base::is_uuid(id)) return refuse(404, "There is no such bot.");
    exchange.target = id;
    auto bot = context.deps.bots.find(base::BotId(id), exchange.owner());
    if (bot) return std::move(*bot);
    if (bot.error().kind == base::ErrorKind::not_found) return refuse(404, "There is no such bot.");
    return refuse(bot.error());
}

tl::expected<core::Operation, Problem> start_operation(RouteContext& context,
                                                       const Exchange& exchange,
                                                       const core::Bot& bot,
                                                       core::OperationKind kind) {
    return start_operation(context, exchange, bot, Asked{.kind = kind});
}

tl::expected<core::Operation, Problem> start_operation(RouteContext& context,
                                                       const Exchange& exchange,
                                                       const core::Bot& bot, Asked asked) {
    if (exchange.resumed) {
        const auto made =
            context.deps.operations.find(base::OperationId(exchange.effect_id), exchange.owner());
        if (made) return made->operation;
        if (made.error().kind != base::ErrorKind::not_found) return refuse(made.error());
    }
    if (auto problem = refuse_operation(context, bot, asked.kind)) {
        return refuse(std::move(*problem));
    }
    const auto& deadlines = context.deps.settings.deadlines;
    const auto limit = deadlines.find(asked.kind);
    const auto now = context.deps.clock.now();
    auto operation = context.deps.jobs.start_operation(
        {.id = base::OperationId(exchange.effect_id),
         .bot_id = bot.id,
         .user_id = exchange.user(),
         .kind = asked.kind,
         .now = now,
         .deadline_at = now + (limit == deadlines.end() ? default_deadline : limit->second),
         .priority = asked.priority,
         .payload = std::move(asked.payload),
         .requirements = std::move(asked.requirements),
         .earlier_chats = asked.earlier_chats,
         .request_id = exchange.request.request_id});
    if (operation) return std::move(*operation);
    const auto& error = operation.error();
    Problem problem = problem_of_error(error);
    if (error.kind == base::ErrorKind::conflict && base::is_uuid(error.code)) {
        problem.extra.emplace_back("operationId", error.code);
    }
    if (error.kind == base::ErrorKind::not_found) problem.detail = "There is no such bot.";
    return refuse(std::move(problem));
}

Answer accepted(const core::Bot& bot, const core::Operation& operation) {
    const auto change = core::on_operation_started(operation.kind);
    const auto status = change.status.value_or(bot.status);
    Answer answer = json_answer(202, {{"operationId", operation.id.text()},
                                      {"botId", bot.id.text()},
                                      {"status", std::string(base::to_text(status))},
                                      {"operation", operation_summary(operation)}});
    answer.headers.emplace_back("Location", "/api/operations/" + operation.id.text());
    return answer;
}

tl::expected<ports::TelegramBot, Problem> verified_token(RouteContext& context,
                                                         const Exchange& exchange,
                                                         const std::string& field,
                                                         const base::Secret& token) {
    auto bot = context.deps.telegram.get_me(token, exchange.call(outside_limit));
    if (bot) return std::move(*bot);
    if (bot.error().kind != base::ErrorKind::unauthorized) {
        return refuse(telegram_problem(bot.error()));
    }
    Problem problem = problem_of_status(422, "Telegram does not know this bot token.");
    problem.code = "token_invalid";
    problem.next_action =
        "Copy the token again from BotFather, or ask it for a new one with /token.";
    problem.errors = {{field, "is not the token of a Telegram bot"}};
    return refuse(std::move(problem));
}

}  // namespace hatchery::api::routes
