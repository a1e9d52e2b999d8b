#include "store/pg_job_store.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "core/chain.hpp"
#include "core/line.hpp"
#include "store/operation_start.hpp"
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
constexpr std::string_view raise_signal = R"(
    UPDATE jobs SET run_at = $2
    WHERE NOT in_line AND state = 'waiting' AND signal = $1 AND run_at > $2
    RETURNING id)";
// One look into the index for each priority that there is; it passes over what this worker may not
// run, as the claim does.
constexpr std::string_view earliest_due = R"(
    WITH RECURSIVE parked (priority, run_at) AS (
        (SELECT priority, run_at FROM jobs
         WHERE NOT in_line AND lease_token IS NULL
             AND (requirements = '{}'
                OR blocked_reason IS NULL AND requirements_met(requirements, $1::jsonb))
         ORDER BY priority DESC, run_at LIMIT 1)
        UNION ALL
        SELECT next.priority, next.run_at FROM parked, LATERAL (
            SELECT priority, run_at FROM jobs
            WHERE NOT in_line AND lease_token IS NULL AND jobs.priority < parked.priority
                AND (requirements = '{}'
                OR blocked_reason IS NULL AND requirements_met(requirements, $1::jsonb))
            ORDER BY priority DESC, run_at LIMIT 1) AS next
    ), lined AS (
        SELECT run_at FROM jobs
        WHERE in_line AND lease_token IS NULL
            AND (requirements = '{}'
                OR blocked_reason IS NULL AND requirements_met(requirements, $1::jsonb))
        ORDER BY priority DESC, queue_at LIMIT 1
    )
    SELECT min(run_at) FROM (SELECT run_at FROM parked UNION ALL SELECT run_at FROM lined) AS due)";

/// The rows of a claim, first in line first.
std::vector<std::size_t> in_line_order(const Rows& rows) {
    std::vector<std::pair<long long, std::size_t>> places;
    places.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        places.emplace_back(rows[i].integer(columns::claimed_count), i);
    }
    std::ranges::sort(places);
    std::vector<std::size_t> order(places.size());
    std::ranges::transform(places, order.begin(), [](const auto& place) { return place.second; });
    return order;
}

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
    /// In the order in which every statement locks jobs, so that no two wait for each other.
    explicit LeaseArrays(std::span<const ports::Lease> given) {
        std::vector<ports::Lease> leases(given.begin(), given.end());
        std::ranges::sort(leases, {}, &ports::Lease::operation_id);
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
        if (!base::is_uuid(request.bot_id.text())) return fail(no_such_bot());
        auto started =
            database_.transact([&](Sql& sql) { return start_operation_in(sql, request, random_); });
        if (started) {
            hints_.jobs_ready();
            hints_.bot_changed(request.bot_id);
        }
        return started;
    }

    Result<void> request_cancel(const base::OperationId& operation, TimePoint now) override {
        if (!base::is_uuid(operation.text())) return fail(no_such_operation());
        const auto done =
            database_.transact([&](Sql& sql) { return cancel_operation_in(sql, operation, now); });
        if (done) hints_.jobs_ready();
        return done;
    }

    Result<std::vector<ports::ClaimedJob>> claim(const ports::ClaimRequest& request) override {
        std::vector<ports::ClaimedJob> claimed;
        if (request.limit < 1) return claimed;
        const TimePoint until = request.now + request.lease_for;
        const auto token = base::make_id<base::LeaseToken>(request.now, random_);
        return database_.run([&](Sql& sql) -> Result<std::vector<ports::ClaimedJob>> {
            const Rows rows = sql.query_binary(
                statements::claim(),
                {request.now, request.limit, until, request.worker, token, request.capabilities});
            claimed.reserve(rows.size());
            for (const std::size_t i : in_line_order(rows)) {
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

    Result<std::optional<TimePoint>> next_due(const std::string& capabilities) override {
        return database_.run([&](Sql& sql) -> Result<std::optional<TimePoint>> {
            return sql.query(earliest_due, {capabilities})[0].optional_time(0);
        });
    }

private:
    /// Tells the chats that are first in line now; if this is lost, they look by themselves after a
    /// while.
    void pass_turns(const std::vector<std::string>& signals, TimePoint now) {
        if (signals.empty()) return;
        const auto woken = database_.run([&](Sql& sql) -> Result<std::size_t> {
            return sql.query(bring_next_chats_forward, {array_text(signals), now}).size();
        });
        if (woken && *woken > 0) hints_.jobs_ready();
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
        // The order in which LeaseArrays locks them, too.
        std::ranges::sort(page, {}, [&](std::size_t index) -> const base::OperationId& {
            return completions[index].job.job.operation_id;
        });
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
