#include "store/operation_start.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/json_value.hpp"
#include "core/chain.hpp"
#include "core/line.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::TimePoint;

constexpr std::string_view lock_bot = R"(
    SELECT b.status, b.condition, EXISTS (
        SELECT 1 FROM deployments d WHERE d.bot_id = b.id AND d.ended_at IS NULL),
        b.settings_version
    FROM bots b WHERE b.id = $1 AND b.deleted_at IS NULL FOR UPDATE)";
// At a bot's turn -infinity stands its one operation that is no chat.
constexpr std::string_view live_operation =
    "SELECT operation_id FROM jobs WHERE bot_id = $1 AND turn = '-infinity'";
constexpr std::string_view live_chats =
    "SELECT count(*), max(turn) FROM jobs WHERE bot_id = $1 AND turn > '-infinity'";
constexpr std::string_view bring_chats_forward = R"(
    UPDATE jobs SET cancel_requested = true,
        run_at = CASE WHEN jobs.state = 'running' THEN run_at ELSE least(run_at, $2) END
    FROM operations o
    WHERE jobs.bot_id = $1 AND jobs.turn > '-infinity' AND o.id = jobs.operation_id
        AND o.phase = 'forward')";
constexpr std::string_view mark_chats_cancelled = R"(
    UPDATE operations SET cancel_requested = true
    FROM jobs
    WHERE jobs.bot_id = $1 AND jobs.turn > '-infinity' AND operations.id = jobs.operation_id
        AND operations.phase = 'forward' AND operations.finished_at IS NULL)";
constexpr std::string_view insert_operation = R"(
    INSERT INTO operations (id, bot_id, user_id, kind, state, phase, priority, created_at,
                            deadline_at, payload, requirements, request_id)
    VALUES ($1, $2, $3, $4, 'pending', 'forward', $5, $6, $7, $8::json, $9::jsonb, $10))";
// The place in line is core::place_in_line().
constexpr std::string_view insert_job = R"(
    INSERT INTO jobs (id, operation_id, bot_id, user_id, step, state, in_line, priority,
                      requirements, run_at, created_at, turn, queue_at)
    VALUES ($1, $2, $3, $4, $5, 'available', true, $6, $7::jsonb, $8::timestamptz,
            $8::timestamptz, coalesce($10::timestamptz, '-infinity'),
            greatest($8::timestamptz,
                     (SELECT max(queue_at) FROM jobs
                      WHERE user_id = $4 AND in_line AND lease_token IS NULL)
                         + make_interval(secs => $9::integer / 1000.0))))";
constexpr std::string_view start_bot_change = R"(
    WITH numbered AS (
        UPDATE bots SET last_event_seq = last_event_seq + 1,
            status = coalesce($2, status),
            condition = CASE WHEN $3::boolean THEN $4 ELSE condition END,
            status_reason = coalesce($5, status_reason), updated_at = $6
        WHERE id = $1
        RETURNING id, last_event_seq
    )
    INSERT INTO events (bot_id, seq, operation_id, at, type, level, stream, message, data)
    SELECT id, last_event_seq, $7::uuid, $6, 'status', 'info', 'engine', $8, $9::json
    FROM numbered)";

constexpr std::string_view find_operation =
    "SELECT kind, state, phase, coalesce(error->>'kind' = 'cancelled', false) FROM operations "
    "WHERE id = $1";
constexpr std::string_view bring_job_forward = R"(
    UPDATE jobs SET cancel_requested = true,
        run_at = CASE WHEN state = 'running' THEN run_at ELSE least(run_at, $2) END
    WHERE operation_id = $1)";
constexpr std::string_view mark_cancelled = R"(
    UPDATE operations SET cancel_requested = true
    WHERE id = $1 AND finished_at IS NULL)";

/// The state of bot and operation, as `status` events carry it.
std::string status_data(core::BotStatus status, const std::optional<core::BotCondition>& condition,
                        const core::Operation& operation) {
    base::Json data = {{"status", base::to_text(status)},
                       {"condition", nullptr},
                       {"operation",
                        {{"id", operation.id.text()},
                         {"kind", base::to_text(operation.kind)},
                         {"state", base::to_text(operation.state)}}}};
    if (condition) data["condition"] = base::to_text(*condition);
    return base::dump_json(data);
}

core::Operation make_operation(const ports::NewOperation& request, base::OperationId id) {
    core::Operation operation;
    operation.id = std::move(id);
    operation.bot_id = request.bot_id;
    operation.user_id = request.user_id;
    operation.kind = request.kind;
    operation.created_at = request.now;
    operation.deadline_at = request.deadline_at;
    operation.payload = request.payload;
    operation.request_id = request.request_id;
    return operation;
}

/// Behind the live chats of its bot, whose row is locked; another machine's clock may be ahead.
Result<void> place_chat(Sql& sql, core::Operation& operation) {
    const Rows live = sql.query(live_chats, {operation.bot_id});
    if (live[0].integer(0) >= core::max_live_chats) {
        return fail(
            ErrorKind::rate_limited,
            "The bot has " + std::to_string(core::max_live_chats) + " messages to answer already.",
            "Wait until it has answered some, or interrupt them.");
    }
    if (const auto last = live[0].optional_time(1)) {
        operation.created_at = std::max(operation.created_at, *last + std::chrono::microseconds{1});
    }
    return {};
}

void tell_start(Sql& sql, const core::Operation& operation, core::BotStatus status,
                const std::optional<core::BotCondition>& condition) {
    const core::BotChange change = core::on_operation_started(operation.kind);
    const auto new_condition = change.condition.value_or(condition);
    const std::string message =
        "The " + std::string(base::to_text(operation.kind)) + " was accepted.";
    (void)sql.query(start_bot_change,
                    {operation.bot_id, change.status, change.condition.has_value(), new_condition,
                     change.reason, operation.created_at, operation.id, message,
                     status_data(change.status.value_or(status), new_condition, operation)});
}

}  // namespace

base::Error other_version() {
    auto error = fail(ErrorKind::conflict, "The bot's settings have changed meanwhile.",
                      "Read the bot again, and send your change with its new ETag.");
    error.value().code = "other_version";
    return error.value();
}

base::Error no_such_bot() { return fail(ErrorKind::not_found, "There is no such bot.").value(); }

base::Error no_such_operation() {
    return fail(ErrorKind::not_found, "There is no such operation.").value();
}

Result<core::Operation> start_operation_in(Sql& sql, const ports::NewOperation& request,
                                           base::Random& random) {
    const bool chat = request.kind == core::OperationKind::chat;
    if (chat && request.earlier_chats == ports::EarlierChats::cancel) {
        // Before the bot, as a worker's write takes its locks.
        (void)sql.query(bring_chats_forward, {request.bot_id, request.now});
        (void)sql.query(mark_chats_cancelled, {request.bot_id});
    }
    const Rows bots = sql.query(lock_bot, {request.bot_id});
    if (bots.empty()) return fail(no_such_bot());
    if (request.if_settings_version && *request.if_settings_version != bots[0].integer(3)) {
        return fail(other_version());
    }
    if (const Rows live = chat ? Rows() : sql.query(live_operation, {request.bot_id});
        !live.empty()) {
        auto error = fail(ErrorKind::conflict, "The bot has an operation under way.",
                          "Wait for its end, or cancel it.");
        error.value().code = live[0].text(0);
        return error;
    }
    const auto status = bots[0].enumerator<core::BotStatus>(0);
    if (const auto reason = core::why_not(request.kind, status, bots[0].boolean(2))) {
        return fail(ErrorKind::conflict, *reason);
    }
    auto operation = make_operation(
        request,
        request.id.empty() ? base::make_id<base::OperationId>(request.now, random) : request.id);
    if (chat) {
        if (auto placed = place_chat(sql, operation); !placed) return fail(placed.error());
    }
    (void)sql.query(insert_operation, {operation.id, request.bot_id, request.user_id, request.kind,
                                       request.priority, operation.created_at, request.deadline_at,
                                       request.payload, request.requirements, request.request_id});
    (void)sql.query(
        insert_job,
        {base::make_id<base::JobId>(request.now, random), operation.id, request.bot_id,
         request.user_id, core::steps_of(request.kind).front(), request.priority,
         request.requirements, request.now, static_cast<int>(core::line_spacing.count()),
         chat ? Param(operation.created_at) : Param(std::nullopt)});
    if (chat) return operation;
    tell_start(sql, operation, status, bots[0].optional_enumerator<core::BotCondition>(1));
    return operation;
}

Result<void> cancel_operation_in(Sql& sql, const base::OperationId& id, TimePoint now) {
    const Rows found = sql.query(find_operation, {id});
    if (found.empty()) return fail(no_such_operation());
    const auto kind = found[0].enumerator<core::OperationKind>(0);
    if (!core::can_cancel(kind)) {
        return fail(ErrorKind::conflict,
                    "A " + std::string(base::to_text(kind)) + " cannot be cancelled.");
    }
    if (core::is_terminal(found[0].enumerator<core::OperationState>(1))) {
        return fail(ErrorKind::conflict, "The operation has ended already.");
    }
    if (found[0].enumerator<core::OperationPhase>(2) == core::OperationPhase::teardown) {
        // It turns back already; hurrying its jobs would only ask the provider more often.
        if (found[0].boolean(3)) return {};
        return fail(ErrorKind::conflict,
                    "The operation has failed, and what it made is being removed.");
    }
    // Jobs first, as a worker's write takes its locks.
    (void)sql.query(bring_job_forward, {id, now});
    if (sql.query(mark_cancelled, {id}).affected() == 0) {
        return fail(ErrorKind::conflict, "The operation has ended already.");
    }
    return {};
}

}  // namespace hatchery::store
