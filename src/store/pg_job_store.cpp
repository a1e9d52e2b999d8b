#include "store/pg_job_store.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "core/chain.hpp"
#include "core/line.hpp"
#include "store/pg_job_statements.hpp"
#include "store/records.hpp"
#include "store/transition_arrays.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::TimePoint;

/// Rescued in one call at most; the next call takes the rest.
constexpr int rescue_page = 500;
/// Written by one statement at most.
constexpr std::size_t apply_page = 1'000;

constexpr std::string_view lock_bot = R"(
    SELECT b.status, b.condition, EXISTS (
        SELECT 1 FROM deployments d WHERE d.bot_id = b.id AND d.ended_at IS NULL)
    FROM bots b WHERE b.id = $1 AND b.deleted_at IS NULL FOR UPDATE)";
// At a bot's turn -infinity stands its one operation that is no chat.
constexpr std::string_view live_operation =
    "SELECT operation_id FROM jobs WHERE bot_id = $1 AND turn = '-infinity'";
constexpr std::string_view live_chats =
    "SELECT count(*), max(turn) FROM jobs WHERE bot_id = $1 AND turn > '-infinity'";
constexpr std::string_view first_chat = R"(
    SELECT operation_id FROM jobs WHERE bot_id = $1 AND turn > '-infinity' ORDER BY turn LIMIT 1)";
constexpr std::string_view live_kind = R"(
    SELECT o.kind FROM jobs j JOIN operations o ON o.id = j.operation_id
    WHERE j.bot_id = $1 AND j.turn = '-infinity')";
constexpr std::string_view bring_next_chats_forward = R"(
    WITH next AS (
        SELECT DISTINCT ON (signal) operation_id FROM jobs
        WHERE NOT in_line AND signal = ANY ($1::text[]) AND state = 'waiting'
        ORDER BY signal, turn
    )
    UPDATE jobs SET run_at = $2 FROM next
    WHERE jobs.operation_id = next.operation_id AND state = 'waiting' AND run_at > $2
    RETURNING jobs.id)";
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

constexpr std::string_view raise_signal = R"(
    UPDATE jobs SET run_at = $2
    WHERE NOT in_line AND state = 'waiting' AND signal = $1 AND run_at > $2
    RETURNING id)";
// One look into the index for each priority that there is.
constexpr std::string_view earliest_due = R"(
    WITH RECURSIVE parked (priority, run_at) AS (
        (SELECT priority, run_at FROM jobs WHERE NOT in_line AND lease_token IS NULL
         ORDER BY priority DESC, run_at LIMIT 1)
        UNION ALL
        SELECT next.priority, next.run_at FROM parked, LATERAL (
            SELECT priority, run_at FROM jobs
            WHERE NOT in_line AND lease_token IS NULL AND jobs.priority < parked.priority
            ORDER BY priority DESC, run_at LIMIT 1) AS next
    ), lined AS (
        SELECT run_at FROM jobs WHERE in_line AND lease_token IS NULL
        ORDER BY priority DESC, queue_at LIMIT 1
    )
    SELECT min(run_at) FROM (SELECT run_at FROM parked UNION ALL SELECT run_at FROM lined) AS due)";

// What goes with a bot that is deleted, in the transaction that deletes it; the last of them also
// where a bot's server is given up.
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
            ids.push_back(lease.operation_id.text());
            lease_tokens.push_back(lease.token.text());
        }
        operations = array_text(ids);
        tokens = array_text(lease_tokens);
    }
    std::string operations, tokens;
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
    operation.payload = request.payload;
    operation.request_id = request.request_id;
    return operation;
}

/// The operation as it is after the transition that was just written.
core::Operation after(core::Operation operation, const ports::Transition& transition,
                      bool cancel_requested) {
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
        const auto token = base::make_id<base::LeaseToken>(request.now, random_);
        return database_.run([&](Sql& sql) -> Result<std::vector<ports::ClaimedJob>> {
            const Rows rows = sql.query(
                statements::claim(),
                {request.now, request.limit, until, request.worker, token, request.capabilities});
            for (std::size_t i = 0; i < rows.size(); ++i) {
                ports::ClaimedJob job = read_claimed(rows[i]);
                job.lease = {.job_id = job.job.id,
                             .token = token,
                             .until = until,
                             .operation_id = job.operation.id};
                claimed.push_back(std::move(job));
            }
            return std::move(claimed);
        });
    }

    Result<Renewed> renew(std::span<const ports::Lease> leases, TimePoint until) override {
        if (leases.empty()) return Renewed{};
        const LeaseArrays arrays(leases);
        return database_.run([&](Sql& sql) -> Result<Renewed> {
            const Rows rows =
                sql.query(statements::renew(), {arrays.operations, arrays.tokens, until});
            Renewed renewed;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                renewed.kept.push_back(rows[i].id<base::JobId>(0));
                if (rows[i].boolean(1)) renewed.cancelled.push_back(renewed.kept.back());
            }
            return renewed;
        });
    }

    std::vector<Result<ports::Applied>> apply_all(
        std::span<const ports::Completion> completions) override {
        std::vector<Result<ports::Applied>> answers(completions.size(), ports::Applied{});
        std::vector<std::size_t> left(completions.size());
        std::iota(left.begin(), left.end(), std::size_t{0});
        while (!left.empty()) write_page(completions, take_page(completions, left), answers);
        return answers;
    }

    Result<void> give_back(std::span<const ports::Lease> leases, TimePoint) override {
        if (leases.empty()) return {};
        const LeaseArrays arrays(leases);
        const auto done = database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(statements::give_back(), {arrays.operations, arrays.tokens});
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
        EventArrays arrays;
        for (const auto& event : events) arrays.add(event);
        const auto e = arrays.texts();
        base::BotId bot;
        const auto done = database_.run([&](Sql& sql) -> Result<void> {
            const Rows rows = sql.query(statements::record(),
                                        {lease.operation_id, lease.token, progress, arrays.count(),
                                         e[0], e[1], e[2], e[3], e[4], e[5], e[6]});
            if (rows.empty()) return fail(ErrorKind::conflict, "The lease on the job was lost.");
            bot = rows[0].id<base::BotId>(0);
            return {};
        });
        if (done && !events.empty()) hints_.bot_changed(bot);
        return done;
    }

    Result<core::ChatLine> chat_line(const base::BotId& bot) override {
        return database_.run([&](Sql& sql) -> Result<core::ChatLine> {
            core::ChatLine line;
            if (const Rows first = sql.query(first_chat, {bot}); !first.empty()) {
                line.first = first[0].id<base::OperationId>(0);
            }
            if (const Rows live = sql.query(live_kind, {bot}); !live.empty()) {
                line.operation = live[0].enumerator<core::OperationKind>(0);
            }
            return line;
        });
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
        const bool chat = request.kind == core::OperationKind::chat;
        if (chat && request.earlier_chats == ports::EarlierChats::cancel) {
            // Before the bot, as a worker's write takes its locks.
            (void)sql.query(bring_chats_forward, {request.bot_id, request.now});
            (void)sql.query(mark_chats_cancelled, {request.bot_id});
        }
        const Rows bots = sql.query(lock_bot, {request.bot_id});
        if (bots.empty()) return no_such_bot();
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
            request, request.id.empty() ? base::make_id<base::OperationId>(request.now, random_)
                                        : request.id);
        if (chat) {
            if (auto placed = place_chat(sql, operation); !placed) return fail(placed.error());
        }
        (void)sql.query(insert_operation,
                        {operation.id, request.bot_id, request.user_id, request.kind,
                         request.priority, operation.created_at, request.deadline_at,
                         request.payload, request.requirements, request.request_id});
        (void)sql.query(
            insert_job,
            {base::make_id<base::JobId>(request.now, random_), operation.id, request.bot_id,
             request.user_id, core::steps_of(request.kind).front(), request.priority,
             request.requirements, request.now, static_cast<int>(core::line_spacing.count()),
             chat ? Param(operation.created_at) : Param(std::nullopt)});
        if (chat) return operation;
        tell_start(sql, operation, status, bots[0].optional_enumerator<core::BotCondition>(1));
        return operation;
    }

    /// Behind the live chats of its bot, whose row is locked; another machine's clock may be ahead.
    static Result<void> place_chat(Sql& sql, core::Operation& operation) {
        const Rows live = sql.query(live_chats, {operation.bot_id});
        if (live[0].integer(0) >= core::max_live_chats) {
            return fail(ErrorKind::rate_limited,
                        "The bot has " + std::to_string(core::max_live_chats) +
                            " messages to answer already.",
                        "Wait until it has answered some, or interrupt them.");
        }
        if (const auto last = live[0].optional_time(1)) {
            operation.created_at =
                std::max(operation.created_at, *last + std::chrono::microseconds{1});
        }
        return {};
    }

    /// Tells the chats that are first in line now; if this is lost, they look by themselves after a
    /// while.
    void pass_turns(const std::vector<std::string>& signals, TimePoint now) {
        if (signals.empty()) return;
        const auto woken = database_.run([&](Sql& sql) -> Result<std::size_t> {
            return sql.query(bring_next_chats_forward, {array_text(signals), now}).size();
        });
        if (woken && *woken > 0) hints_.jobs_ready();
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
        (void)sql.query(bring_job_forward, {id, now});
        if (sql.query(mark_cancelled, {id}).affected() == 0) {
            return fail(ErrorKind::conflict, "The operation has ended already.");
        }
        return {};
    }

    /// Takes out of `left` what one statement may write together: no bot twice, and what ends a
    /// bot's deployment alone, since it needs a transaction.
    static std::vector<std::size_t> take_page(std::span<const ports::Completion> completions,
                                              std::vector<std::size_t>& left) {
        std::vector<std::size_t> page;
        std::vector<std::size_t> later;
        std::unordered_set<base::BotId> bots;
        for (const std::size_t index : left) {
            const auto& completion = completions[index];
            const bool alone = !page.empty() && (ends_deployment(completion) ||
                                                 ends_deployment(completions[page.front()]));
            const bool writes_bot = changes_bot(completion.transition);
            if (alone || page.size() >= apply_page ||
                (writes_bot && !bots.insert(completion.job.job.bot_id).second)) {
                later.push_back(index);
            } else {
                page.push_back(index);
            }
        }
        left = std::move(later);
        return page;
    }

    static bool ends_deployment(const ports::Completion& completion) {
        const core::BotChange& bot = completion.transition.bot;
        return bot.deleted || bot.abandons_server;
    }

    void write_page(std::span<const ports::Completion> completions,
                    const std::vector<std::size_t>& page,
                    std::vector<Result<ports::Applied>>& answers) {
        const auto write = [&](Sql& sql) { return write_transitions(sql, completions, page); };
        auto written = ends_deployment(completions[page.front()]) ? database_.transact(write)
                                                                  : database_.run(write);
        if (!written && page.size() > 1) {
            // One that cannot be written must not hold up the others.
            for (const std::size_t index : page) write_page(completions, {index}, answers);
            return;
        }
        std::vector<std::string> ended_chats;
        for (std::size_t i = 0; i < page.size(); ++i) {
            if (written) {
                const auto& completion = completions[page[i]];
                hint(completion, (*written)[i]);
                const bool chat = completion.job.operation.kind == core::OperationKind::chat;
                if (chat && (*written)[i].accepted && completion.transition.operation_end) {
                    ended_chats.push_back(core::chat_signal(completion.job.job.bot_id));
                }
                answers[page[i]] = std::move((*written)[i]);
            } else {
                answers[page[i]] = fail(written.error());
            }
        }
        pass_turns(ended_chats, completions[page.front()].transition.now);
    }

    void hint(const ports::Completion& completion, const ports::Applied& applied) {
        if (!applied.accepted) return;
        const auto& to = completion.transition;
        if (changes_bot(to) || changes_operation(to)) {
            hints_.bot_changed(completion.job.job.bot_id);
        }
        const bool due = to.job_state == core::JobState::available && to.run_at <= to.now;
        if (due || (to.next_step && !to.keep_next)) hints_.jobs_ready();
    }

    Result<std::vector<ports::Applied>> write_transitions(
        Sql& sql, std::span<const ports::Completion> completions,
        const std::vector<std::size_t>& page) {
        const TimePoint now = completions[page.front()].transition.now;
        TransitionArrays arrays(now, random_);
        for (const std::size_t index : page) {
            if (const auto fault = ports::why_impossible(completions[index].transition)) {
                return fail(ErrorKind::internal, *fault);
            }
            arrays.add(completions[index]);
        }
        const Rows rows = sql.query(statements::apply(), arrays.parameters());
        std::vector<ports::Applied> applied(page.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto index = static_cast<std::size_t>(rows[i].integer(0));
            const auto& completion = completions[page[index]];
            applied[index].accepted = true;
            const base::BotId& bot = completion.job.job.bot_id;
            if (completion.transition.bot.deleted) remove_what_a_bot_leaves(sql, bot);
            if (ends_deployment(completion)) (void)sql.query(end_deployments, {bot, now});
            if (completion.transition.next_step && completion.transition.keep_next) {
                applied[index].next = next_of(completion, arrays.next(index), rows[i].boolean(1));
            }
        }
        return applied;
    }

    /// The job that the statement has just made and leased to the same worker.
    static ports::ClaimedJob next_of(const ports::Completion& completion, const NextJob& made,
                                     bool cancel_requested) {
        const auto& to = completion.transition;
        core::Job job;
        job.id = made.id;
        job.operation_id = completion.job.job.operation_id;
        job.bot_id = completion.job.job.bot_id;
        job.step = *to.next_step;
        job.state = core::JobState::running;
        job.priority = completion.job.job.priority;
        job.requirements = completion.job.job.requirements;
        job.run_at = to.now;
        job.queue_at = std::min(completion.job.job.queue_at, to.now);
        job.created_at = to.now;
        job.started_at = to.now;
        return {.lease = {.job_id = made.id,
                          .token = made.token,
                          .until = to.now + to.lease_for,
                          .operation_id = job.operation_id},
                .job = std::move(job),
                .operation = after(completion.job.operation, to, cancel_requested)};
    }

    static void remove_what_a_bot_leaves(Sql& sql, const base::BotId& bot) {
        (void)sql.query(remove_secrets, {bot});
        (void)sql.query(remove_inbox, {bot});
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
