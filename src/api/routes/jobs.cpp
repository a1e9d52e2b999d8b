#include <algorithm>

#include "api/authenticate.hpp"
#include "api/body_reader.hpp"
#include "api/list_page.hpp"
#include "api/routes/entitlement.hpp"
#include "api/routes/job_body.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"
#include "core/chain.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;
using core::OperationKind;
using core::OperationState;

/// A customer may put his own work behind, and before nobody's: what is urgent to one is no reason
/// to another, and every priority has a line of its own. A service that acts for customers knows
/// them all, and an administrator runs the fleet.
PriorityRange priorities_of(const store::Principal& caller) {
    if (has_scope(caller, Scope::admin)) return {.least = -100, .most = 100};
    if (!caller.service_user_id.empty()) return {.least = -10, .most = 10};
    return {.least = -10, .most = 0};
}

Json error_view(const std::optional<base::Error>& error) {
    if (!error) return {};
    return {{"kind", std::string(base::to_text(error->kind))},
            {"message", error->message},
            {"nextAction", error->next_action.empty() ? Json() : Json(error->next_action)}};
}

Json parsed(const std::optional<std::string>& text) {
    if (!text) return {};
    return base::parse_json(*text, std::size_t{16} << 20U).value_or(Json());
}

/// A chat waits at first for its turn, which other operations have when they are claimed.
OperationState shown_state(const store::JobView& job) {
    const bool waits = job.awaits_turn && !core::is_terminal(job.operation.state);
    return waits ? OperationState::pending : job.operation.state;
}

Json job_view(const store::JobView& job) {
    const auto& operation = job.operation;
    const auto state = shown_state(job);
    Json payload = parsed(operation.payload);
    if (!payload.is_object()) payload = Json::object();
    payload["botId"] = operation.bot_id.text();
    return {
        {"jobId", operation.id.text()},
        {"type", job_type(operation.kind)},
        {"status", std::string(job_status(state))},
        {"message", job.message},
        {"payload", std::move(payload)},
        {"result", parsed(operation.result)},
        {"error", error_view(operation.error)},
        {"priority", job.priority},
        {"requirements", parsed(job.requirements)},
        {"blockedReason", job.blocked_reason.empty() ? Json() : Json(job.blocked_reason)},
        {"cancelRequested", operation.cancel_requested},
        {"createdAt", base::format_time(operation.created_at)},
        {"startedAt", state == OperationState::pending ? Json() : time_view(operation.started_at)},
        {"finishedAt", time_view(operation.finished_at)},
        {"deadlineAt", base::format_time(operation.deadline_at)}};
}

Answer job_accepted(const base::OperationId& id, OperationState state, const char* message) {
    Answer answer = json_answer(
        202,
        {{"jobId", id.text()}, {"status", std::string(job_status(state))}, {"message", message}});
    answer.headers.emplace_back("Location", "/api/jobs/" + id.text());
    return answer;
}

/// Deleting a bot by a job needs the same right as deleting it by its own route.
std::optional<Problem> lacks_right(const Exchange& exchange, OperationKind kind) {
    if (kind != OperationKind::destroy || has_scope(*exchange.principal, Scope::bots_write)) {
        return std::nullopt;
    }
    return lacks_scope(Scope::bots_write);
}

Outcome create(RouteContext& context, const Exchange& exchange) {
    auto body = BodyReader::open(exchange);
    if (!body) return refuse(body.error());
    const auto job = read_new_job(*body, priorities_of(*exchange.principal));
    if (auto problem = body->finish()) return refuse(std::move(*problem));
    if (auto problem = lacks_right(exchange, *job.kind)) return refuse(std::move(*problem));
    const bool chat = job.kind == OperationKind::chat;
    const char* message = chat ? "The message is in line for its turn." : "The job is in line.";
    const auto before = started_before(context, exchange);
    if (!before) return refuse(before.error());
    if (*before) return job_accepted((*before)->id, (*before)->state, message);
    auto bot = own_bot(context, exchange, job.bot_id);
    if (!bot) return refuse(bot.error());
    auto operation =
        start_operation(context, exchange, *bot,
                        {.kind = *job.kind,
                         .priority = job.priority,
                         .payload = chat ? core::chat_payload_text(job.chat) : "{}",
                         .requirements = job.requirements,
                         .earlier_chats = job.chat.interrupt ? ports::EarlierChats::cancel
                                                             : ports::EarlierChats::keep});
    if (!operation) return refuse(operation.error());
    return job_accepted(operation->id, operation->state, message);
}

tl::expected<store::JobView, Problem> own_job(RouteContext& context, const Exchange& exchange) {
    const std::string& id = exchange.path.front();
    if (!base::is_uuid(id)) return refuse(404, "There is no such job.");
    auto job = context.deps.operations.find_job(base::OperationId(id), exchange.owner());
    if (job) return std::move(*job);
    if (job.error().kind == base::ErrorKind::not_found) {
        return refuse(404, "There is no such job.");
    }
    return refuse(job.error());
}

Outcome one(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto wait = query.number("wait", 0, 0, max_wait_s);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto seen = context.hub.version();
    auto job = own_job(context, exchange);
    if (!job) return refuse(job.error());
    const auto& operation = job->operation;
    if (!core::is_terminal(operation.state)) {
        if (auto later = wait_for_change(context, exchange, operation.bot_id, wait, seen)) {
            return std::move(*later);
        }
    }
    return json_answer(200, job_view(*job));
}

/// The states that a status stands for; PENDING and RUNNING stand for all that live.
std::optional<OperationState> read_status(QueryReader& query) {
    std::optional<OperationState> state;
    (void)query.text("status", [&](std::string_view text) -> core::Wrong {
        for (const auto& [value, word] : base::EnumNames<OperationState>::names) {
            if (value != OperationState::waiting && job_status(value) == text) state = value;
        }
        return state
                   ? core::Wrong{}
                   : core::Wrong{"must be one of: PENDING, RUNNING, COMPLETED, FAILED, CANCELLED"};
    });
    return state;
}

Outcome list(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    store::JobQuery wanted{.user = exchange.user(),
                           .kind = std::nullopt,
                           .state = read_status(query),
                           .bot = std::nullopt,
                           .after = query.text("after", core::check_cursor),
                           .limit = static_cast<int>(query.number("limit", 50, 1, 200))};
    (void)query.text("type", [&](std::string_view text) -> core::Wrong {
        wanted.kind = parse_job_type(text);
        return wanted.kind ? core::Wrong{} : core::Wrong{"is no type of a job"};
    });
    if (const auto bot = query.text("botId", core::check_uuid)) wanted.bot = base::BotId(*bot);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    auto page = context.deps.operations.list_jobs(wanted);
    if (!page) return refuse(page_problem(query, page.error()));
    Json items = Json::array();
    for (const auto& job : page->items) items.push_back(job_view(job));
    return page_answer(std::move(items), page->next);
}

Outcome cancel(RouteContext& context, const Exchange& exchange) {
    auto job = own_job(context, exchange);
    if (!job) return refuse(job.error());
    const auto& operation = job->operation;
    const char* message = "The job is being cancelled.";
    const auto state = shown_state(*job);
    if (exchange.resumed && operation.cancel_requested) {
        return job_accepted(operation.id, state, message);
    }
    if (core::is_terminal(operation.state)) return refuse(409, "The job has ended already.");
    if (!core::can_cancel(operation.kind)) return refuse(409, "A deletion cannot be cancelled.");
    const auto bot = own_bot(context, exchange, operation.bot_id.text());
    if (!bot) return refuse(bot.error());
    if (auto problem = refuse_cancel(context, bot->user_id, operation.kind)) {
        return refuse(std::move(*problem));
    }
    const auto asked = context.deps.jobs.request_cancel(operation.id, context.deps.clock.now());
    if (!asked) return refuse(asked.error());
    return job_accepted(operation.id, state, message);
}

}  // namespace

void add_job_routes(Router& router, RouteContext& context) {
    router.add("POST", "/api/jobs", [&](const Exchange& e) { return create(context, e); });
    router.add("GET", "/api/jobs", [&](const Exchange& e) { return list(context, e); });
    router.add("GET", "/api/jobs/:id", [&](const Exchange& e) { return one(context, e); });
    router.add("POST", "/api/jobs/:id/cancel",
               [&](const Exchange& e) { return cancel(context, e); });
}

}  // namespace hatchery::api::routes
