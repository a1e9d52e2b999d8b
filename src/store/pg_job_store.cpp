#include "store/pg_job_store.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "core/chain.hpp"
#include "store/pg_job_statements.hpp"
#include "store/records.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::TimePoint;

/// Rescued in one call at most; the next call takes the rest.
constexpr int rescue_page = 500;

constexpr std::string_view lock_bot = R"(
    SELECT b.status, b.condition, EXISTS (
        SELECT 1 FROM deployments d WHERE d.bot_id = b.id AND d.ended_at IS NULL)
    FROM bots b WHERE b.id = $1 AND b.deleted_at IS NULL FOR UPDATE)";
constexpr std::string_view live_operation = R"(
    SELECT id FROM operations
    WHERE bot_id = $1 AND state IN ('pending', 'running', 'waiting'))";
constexpr std::string_view insert_operation = R"(
    INSERT INTO operations (id, bot_id, user_id, kind, state, phase, priority, created_at,
                            deadline_at)
    VALUES ($1, $2, $3, $4, 'pending', 'forward', $5, $6, $7))";
constexpr std::string_view insert_first_job = R"(
    INSERT INTO jobs (id, operation_id, bot_id, step, state, priority, run_at, created_at)
    VALUES ($1, $2, $3, $4, 'available', $5, $6, $6))";
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
constexpr std::string_view bring_jobs_forward = R"(
    UPDATE jobs SET cancel_requested = true,
        run_at = CASE WHEN state = 'running' THEN run_at ELSE least(run_at, $2) END
    WHERE operation_id = $1 AND state IN ('available', 'waiting', 'running'))";
constexpr std::string_view mark_cancelled = R"(
    UPDATE operations SET cancel_requested = true
    WHERE id = $1 AND state IN ('pending', 'running', 'waiting'))";

constexpr std::string_view raise_signal = R"(
    UPDATE jobs SET run_at = $2
    WHERE state = 'waiting' AND signal = $1 AND run_at > $2
    RETURNING id)";
constexpr std::string_view earliest_due =
    "SELECT min(run_at) FROM jobs WHERE state IN ('available', 'waiting')";

// What goes with a bot that is deleted, in the transaction that deletes it.
constexpr std::string_view remove_secrets = R"(
    DELETE FROM sealed_secrets
    WHERE (owner = 'bot' AND owner_id = $1)
       OR (owner = 'server' AND owner_id IN (SELECT id FROM servers WHERE bot_id = $1)))";
constexpr std::string_view remove_inbox = "DELETE FROM webhook_inbox WHERE bot_id = $1";
constexpr std::string_view end_deployments = R"(
    UPDATE deployments SET ended_at = $2 WHERE bot_id = $1 AND ended_at IS NULL)";

struct LeaseArrays {
    explicit LeaseArrays(std::span<const ports::Lease> leases) {
        std::vector<std::string> ids;
        std::vector<std::string> lease_tokens;
        for (const auto& lease : leases) {
            ids.push_back(lease.job_id.text());
            lease_tokens.push_back(lease.token.text());
        }
        jobs = array_text(ids);
        tokens = array_text(lease_tokens);
    }
    std::string jobs, tokens;
};

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
    return operation;
}

bool changes_bot(const ports::Transition& transition) {
    const auto& bot = transition.bot;
    return !transition.events.empty() || bot.status || bot.condition || bot.reason || bot.deleted;
}

bool changes_operation(const ports::Transition& transition) {
    return transition.operation_state || transition.operation_phase ||
           transition.operation_deadline || transition.operation_error;
}

/// The operation as it is after the transition that was just written.
core::Operation after(core::Operation operation, const ports::Transition& transition,
                      bool cancel_requested) {
    if (transition.operation_state) operation.state = *transition.operation_state;
    if (transition.operation_phase) operation.phase = *transition.operation_phase;
    if (transition.operation_deadline) operation.deadline_at = *transition.operation_deadline;
    if (transition.operation_error) operation.error = *transition.operation_error;
    operation.cancel_requested = operation.cancel_requested || cancel_requested;
    return operation;
}

class PgJobStore final : public ports::JobStore {
public:
    PgJobStore(Database& database, base::Random& random, Hints& hints)
        : database_(database), random_(random), hints_(hints) {}

    Result<core::Operation> start_operation(const ports::NewOperation& request) override {
        if (!base::is_uuid(request.bot_id.text())) return no_such_bot();
        auto started =
            database_.transact([&](Sql& sql) { return start_in_transaction(sql, request); });
        if (started) {
            hints_.jobs_ready();
            hints_.bot_changed(request.bot_id);
        }
        return started;
    }

    Result<void> request_cancel(const base::OperationId& operation, TimePoint now) override {
        if (!base::is_uuid(operation.text())) return no_such_operation();
        const auto done = database_.transact(
            [&](Sql& sql) { return cancel_in_transaction(sql, operation, now); });
        if (done) hints_.jobs_ready();
        return done;
    }

    Result<std::vector<ports::ClaimedJob>> claim(const ports::ClaimRequest& request) override {
        std::vector<ports::ClaimedJob> claimed;
        if (request.limit < 1) return claimed;
        const TimePoint until = request.now + request.lease_for;
        return database_.run([&](Sql& sql) -> Result<std::vector<ports::ClaimedJob>> {
            const Rows rows =
                sql.query(statements::claim(), {request.now, request.limit, until, request.worker});
            for (std::size_t i = 0; i < rows.size(); ++i) {
                claimed.push_back(read_claimed(rows[i], 0, columns::job_count, until));
            }
            return std::move(claimed);
        });
    }

    Result<Renewed> renew(std::span<const ports::Lease> leases, TimePoint until) override {
        if (leases.empty()) return Renewed{};
        const LeaseArrays arrays(leases);
        return database_.run([&](Sql& sql) -> Result<Renewed> {
            const Rows rows = sql.query(statements::renew(), {arrays.jobs, arrays.tokens, until});
            Renewed renewed;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                renewed.kept.push_back(rows[i].id<base::JobId>(0));
                if (rows[i].boolean(1)) renewed.cancelled.push_back(renewed.kept.back());
            }
            return renewed;
        });
    }

    Result<ports::Applied> apply(const ports::Lease& lease,
                                 const ports::Transition& transition) override {
        if (transition.job_state == core::JobState::running) {
            return fail(ErrorKind::internal, "A transition cannot leave its job running.");
        }
        base::BotId bot;
        const auto write = [&](Sql& sql) { return write_transition(sql, lease, transition, bot); };
        // Only the deletion of a bot needs more than the one statement.
        auto applied = transition.bot.deleted ? database_.transact(write) : database_.run(write);
        if (!applied || !applied->accepted) return applied;
        if (changes_bot(transition) || changes_operation(transition)) hints_.bot_changed(bot);
        const bool due = transition.job_state == core::JobState::available &&
                         transition.run_at <= transition.now;
        if (due || (transition.next_step && !transition.keep_next)) hints_.jobs_ready();
        return applied;
    }

    Result<void> give_back(std::span<const ports::Lease> leases, TimePoint) override {
        if (leases.empty()) return {};
        const LeaseArrays arrays(leases);
        const auto done = database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(statements::give_back(), {arrays.jobs, arrays.tokens});
            return {};
        });
        if (done) hints_.jobs_ready();
        return done;
    }

    Result<int> rescue(TimePoint now) override {
        const auto rescued = database_.run([&](Sql& sql) -> Result<int> {
            return static_cast<int>(sql.query(statements::rescue(), {now, rescue_page}).size());
        });
        if (rescued && *rescued > 0) hints_.jobs_ready();
        return rescued;
    }

    Result<void> record(const ports::Lease& lease, std::span<const core::NewEvent> events,
                        const std::optional<std::string>& progress) override {
        const EventArrays arrays(events);
        base::BotId bot;
        const auto done = database_.run([&](Sql& sql) -> Result<void> {
            const Rows rows =
                sql.query(statements::record(), {lease.job_id, lease.token, progress, arrays.count,
                                                 arrays.at, arrays.type, arrays.level, arrays.step,
                                                 arrays.stream, arrays.message, arrays.data});
            if (rows.empty()) return fail(ErrorKind::conflict, "The lease on the job was lost.");
            bot = rows[0].id<base::BotId>(0);
            return {};
        });
        if (done && !events.empty()) hints_.bot_changed(bot);
        return done;
    }

    Result<int> raise(const std::string& signal, TimePoint now) override {
        const auto raised = database_.run([&](Sql& sql) -> Result<int> {
            return static_cast<int>(sql.query(raise_signal, {signal, now}).size());
        });
        if (raised && *raised > 0) hints_.jobs_ready();
        return raised;
    }

    Result<std::optional<TimePoint>> next_due() override {
        return database_.run([&](Sql& sql) -> Result<std::optional<TimePoint>> {
            return sql.query(earliest_due)[0].optional_time(0);
        });
    }

private:
    static tl::unexpected<base::Error> no_such_bot() {
        return fail(ErrorKind::not_found, "There is no such bot.");
    }
    static tl::unexpected<base::Error> no_such_operation() {
        return fail(ErrorKind::not_found, "There is no such operation.");
    }

    Result<core::Operation> start_in_transaction(Sql& sql, const ports::NewOperation& request) {
        const Rows bots = sql.query(lock_bot, {request.bot_id});
        if (bots.empty()) return no_such_bot();
        const Rows live = sql.query(live_operation, {request.bot_id});
        if (!live.empty()) {
            auto error = fail(ErrorKind::conflict, "The bot has an operation under way.",
                              "Wait for its end, or cancel it.");
            error.value().code = live[0].text(0);
            return error;
        }
        const auto status = bots[0].enumerator<core::BotStatus>(0);
        if (const auto reason = core::why_not(request.kind, status, bots[0].boolean(2))) {
            return fail(ErrorKind::conflict, *reason);
        }
        const auto operation =
            make_operation(request, base::make_id<base::OperationId>(request.now, random_));
        (void)sql.query(insert_operation,
                        {operation.id, request.bot_id, request.user_id, request.kind,
                         request.priority, request.now, request.deadline_at});
        (void)sql.query(
            insert_first_job,
            {base::make_id<base::JobId>(request.now, random_), operation.id, request.bot_id,
             core::steps_of(request.kind).front(), request.priority, request.now});
        tell_start(sql, operation, status, bots[0].optional_enumerator<core::BotCondition>(1));
        return operation;
    }

    static void tell_start(Sql& sql, const core::Operation& operation, core::BotStatus status,
                           const std::optional<core::BotCondition>& condition) {
        const core::BotChange change = core::on_operation_started(operation.kind);
        const auto new_condition = change.condition.value_or(condition);
        const std::string message =
            "The " + std::string(base::to_text(operation.kind)) + " was accepted.";
        (void)sql.query(start_bot_change,
                        {operation.bot_id, change.status, change.condition.has_value(),
                         new_condition, change.reason, operation.created_at, operation.id, message,
                         status_data(change.status.value_or(status), new_condition, operation)});
    }

    static Result<void> cancel_in_transaction(Sql& sql, const base::OperationId& id,
                                              TimePoint now) {
        const Rows found = sql.query(find_operation, {id});
        if (found.empty()) return no_such_operation();
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
        (void)sql.query(bring_jobs_forward, {id, now});
        if (sql.query(mark_cancelled, {id}).affected() == 0) {
            return fail(ErrorKind::conflict, "The operation has ended already.");
        }
        return {};
    }

    Result<ports::Applied> write_transition(Sql& sql, const ports::Lease& lease,
                                            const ports::Transition& transition, base::BotId& bot) {
        const EventArrays events(transition.events);
        const auto& change = transition.bot;
        const auto condition = change.condition.value_or(std::nullopt);
        const TimePoint next_until = transition.now + transition.lease_for;
        const auto utf8 = [](const std::string& text) { return base::to_utf8(text); };
        const std::optional<std::string> reason =
            change.reason ? std::optional(utf8(*change.reason)) : std::nullopt;
        const Rows rows =
            sql.query(statements::apply(), {lease.job_id,
                                            lease.token,
                                            transition.now,
                                            transition.job_state,
                                            transition.run_at,
                                            transition.signal,
                                            utf8(transition.message),
                                            transition.failures,
                                            transition.progress,
                                            transition.operation_state,
                                            transition.operation_phase,
                                            transition.operation_deadline,
                                            error_text(transition.operation_error),
                                            base::make_id<base::JobId>(transition.now, random_),
                                            transition.next_step,
                                            transition.keep_next,
                                            next_until,
                                            change.status,
                                            change.condition.has_value(),
                                            condition,
                                            reason,
                                            change.deleted,
                                            events.count,
                                            events.at,
                                            events.type,
                                            events.level,
                                            events.step,
                                            events.stream,
                                            events.message,
                                            events.data,
                                            changes_bot(transition),
                                            changes_operation(transition)});
        if (rows.empty()) return ports::Applied{};
        bot = rows[0].id<base::BotId>(0);
        if (change.deleted) remove_what_a_bot_leaves(sql, bot, transition.now);
        ports::Applied applied{.accepted = true, .next = std::nullopt};
        const int job_column = 2 + columns::operation_count;
        if (transition.keep_next && !rows[0].null(job_column)) {
            applied.next = read_claimed(rows[0], job_column, 2, next_until);
            applied.next->operation =
                after(std::move(applied.next->operation), transition, rows[0].boolean(1));
        }
        return applied;
    }

    static void remove_what_a_bot_leaves(Sql& sql, const base::BotId& bot, TimePoint now) {
        (void)sql.query(remove_secrets, {bot});
        (void)sql.query(remove_inbox, {bot});
        (void)sql.query(end_deployments, {bot, now});
    }

    /// The lease token stands behind both lists, whichever comes first.
    static ports::ClaimedJob read_claimed(const Rows::Row& row, int job_column,
                                          int operation_column, TimePoint until) {
        ports::ClaimedJob claimed;
        claimed.job = read_job(row, job_column);
        claimed.operation = read_operation(row, operation_column);
        const int token_column =
            std::max(job_column + columns::job_count, operation_column + columns::operation_count);
        claimed.lease = {.job_id = claimed.job.id,
                         .token = row.id<base::LeaseToken>(token_column),
                         .until = until};
        return claimed;
    }

    Database& database_;
    base::Random& random_;
    Hints& hints_;
};

}  // namespace

std::unique_ptr<ports::JobStore> make_pg_job_store(Database& database, base::Random& random,
                                                   Hints& hints) {
    return std::make_unique<PgJobStore>(database, random, hints);
}

}  // namespace hatchery::store
