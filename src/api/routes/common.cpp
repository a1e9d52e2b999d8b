#include <algorithm>

#include "api/entity_tag.hpp"
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

tl::expected<std::optional<core::Operation>, Problem> started_before(RouteContext& context,
                                                                     const Exchange& exchange) {
    if (!exchange.resumed) return std::nullopt;
    const auto made =
        context.deps.operations.find(base::OperationId(exchange.effect_id), exchange.owner());
    if (made) return made->operation;
    if (made.error().kind == base::ErrorKind::not_found) return std::nullopt;
    return refuse(made.error());
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
    auto before = started_before(context, exchange);
    if (!before) return refuse(before.error());
    if (*before) return std::move(**before);
    if (auto problem = refuse_operation(context, exchange, bot, asked.kind)) {
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
         .request_id = exchange.request.request_id,
         .if_settings_version = asked.if_settings_version});
    if (operation) return std::move(*operation);
    const auto& error = operation.error();
    if (error.code == "other_version") return refuse(changed_meanwhile());
    Problem problem = problem_of_error(error);
    if (error.kind == base::ErrorKind::conflict && base::is_uuid(error.code)) {
        problem.extra.emplace_back("operationId", error.code);
    }
    if (error.kind == base::ErrorKind::not_found) problem.detail = "There is no such bot.";
    return refuse(std::move(problem));
}

namespace {

Answer accepted(core::BotStatus before, const core::Operation& operation) {
    const auto status = core::on_operation_started(operation.kind).status.value_or(before);
    Answer answer = json_answer(202, {{"operationId", operation.id.text()},
                                      {"botId", operation.bot_id.text()},
                                      {"status", std::string(base::to_text(status))},
                                      {"operation", operation_summary(operation)}});
    answer.headers.emplace_back("Location", "/api/operations/" + operation.id.text());
    return answer;
}

}  // namespace

Answer accepted(const core::Bot& bot, const core::Operation& operation) {
    return accepted(bot.status, operation);
}

Outcome begin_operation(RouteContext& context, const Exchange& exchange, const std::string& bot_id,
                        core::OperationKind kind) {
    const auto before = started_before(context, exchange);
    if (!before) return refuse(before.error());
    auto bot = own_bot(context, exchange, bot_id);
    // What the operation did may have been the bot's end.
    if (*before) return accepted(bot ? bot->status : core::BotStatus::stopped, **before);
    if (!bot) return refuse(bot.error());
    auto operation = start_operation(context, exchange, *bot, kind);
    if (!operation) return refuse(operation.error());
    return accepted(*bot, *operation);
}

tl::expected<std::shared_ptr<StreamSeats::Seat>, Problem> take_seat(
    StreamSeats& seats, const Exchange& exchange, const std::string& what,
    const std::string& next_action) {
    std::shared_ptr<StreamSeats::Seat> seat;
    Problem problem;
    switch (seats.take(exchange.user().text(), seat)) {
        case StreamSeats::Taken::yes:
            return seat;
        case StreamSeats::Taken::house_full:
            problem = problem_of_status(503, "As many " + what + " are open as this server has.");
            break;
        case StreamSeats::Taken::user_full:
            problem = problem_of_status(429, "You have as many open " + what + " as one may.");
            break;
    }
    problem.next_action = next_action;
    problem.retry_after_s = 5;
    return refuse(std::move(problem));
}

std::optional<Outcome> wait_for_change(RouteContext& context, const Exchange& exchange,
                                       const base::BotId& bot, std::int64_t wait,
                                       std::uint64_t seen) {
    const auto deadline = exchange.request.received_at + std::chrono::seconds(wait);
    if (std::chrono::steady_clock::now() >= deadline || exchange.stop.stop_requested()) {
        return std::nullopt;
    }
    Answer later;
    if (!exchange.request.kept) {
        auto seat = take_seat(context.hub.waits(), exchange, "requests that wait",
                              "Come back later, or ask without `wait`.");
        if (!seat) return refuse(seat.error());
        later.kept = std::move(*seat);
    }
    later.park = [&hub = context.hub, bot, deadline, seen](std::function<void()> wake) {
        hub.wake_on(bot, deadline, seen, std::move(wake));
    };
    return later;
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
