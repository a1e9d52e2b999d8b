#include "store/operation_repository.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_value.hpp"
#include "core/chain.hpp"
#include "core/chat.hpp"
#include "store/operation_rows.hpp"
#include "store/records.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

const std::string select_operation =
    std::string("SELECT") + columns::operation +
    "FROM operations o JOIN bots b ON b.id = o.bot_id "
    "WHERE o.id = $1 AND ($2::uuid IS NULL OR b.user_id = $2::uuid)";
const std::string select_latest_before =
    std::string("SELECT") + columns::operation +
    "FROM (SELECT * FROM operations WHERE bot_id = $1 AND id < $2::uuid "
    "      ORDER BY id DESC LIMIT 50) AS o "
    "WHERE o.kind <> 'chat' ORDER BY o.id DESC LIMIT 1";
// A chat's first look at the line leaves a message; what its step knows once the turn begins, it
// keeps in its progress.
const std::string awaits_turn = fmt::format(
    "coalesce(live.step = '{}' AND live.message <> '' AND live.progress ->> '{}' IS NULL, false)",
    base::to_text(core::StepKind::chat_turn), core::chat_begun_key);
// What the last job said, be it the one that lives.
const std::string job_view_columns = std::string(columns::joined_operation) +
                                     R"(, o.priority, o.requirements::text,
        coalesce(live.message, CAST(regexp_substr(o.ended_jobs, '[^\n]+\n$') AS json) ->> 8, ''),
        coalesce(live.blocked_reason, ''), )" +
                                     awaits_turn;
constexpr int job_view_count = columns::operation_count + 5;
const std::string select_job_view =
    "SELECT" + job_view_columns +
    " FROM operations o LEFT JOIN jobs live ON live.operation_id = o.id "
    "WHERE o.id = $1 AND ($2::uuid IS NULL OR o.user_id = $2::uuid)";
// A live operation is stored as pending; see columns::operation. The page is found first, without
// what makes it large, and then read as far as it may be large; how many jobs were found comes with
// each row.
const std::string select_job_list = R"(
    WITH found AS (
        SELECT o.id, octet_length(o.payload::text) + coalesce(octet_length(o.result::text), 0)
            AS bytes
        FROM operations o LEFT JOIN jobs live ON live.operation_id = o.id
        WHERE o.user_id = $1 AND ($2::text IS NULL OR o.kind = $2)
            AND ($4::uuid IS NULL OR o.bot_id = $4::uuid)
        AND ($5::uuid IS NULL OR o.id < $5::uuid)
        AND ($3::text IS NULL OR o.state = $3
             OR ($3 IN ('pending', 'running') AND o.finished_at IS NULL))
        AND ($3::text IS NULL OR $3 NOT IN ('pending', 'running')
             OR ($3 = 'running') = (live.begun_at IS NOT NULL AND NOT )" +
                                    awaits_turn + R"())
        ORDER BY o.id DESC LIMIT $6::bigint
    ), page AS MATERIALIZED (
        SELECT id, row_number() OVER newest AS number, sum(bytes) OVER newest AS bytes,
            count(*) OVER () AS found
        FROM found WINDOW newest AS (ORDER BY id DESC)
    )
    SELECT)" + job_view_columns + R"(, page.found
    FROM page JOIN operations o ON o.id = page.id
        LEFT JOIN jobs live ON live.operation_id = o.id
    WHERE page.number = 1 OR page.bytes <= $7::bigint
    ORDER BY o.id DESC)";
// Looked for among so many of the latest operations only: chats may be between them.
constexpr std::string_view select_typical_deploy = R"(
    SELECT percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM took.finished_at - took.created_at))::bigint
    FROM (SELECT recent.finished_at, recent.created_at
          FROM (SELECT id, kind, state, created_at, finished_at FROM operations
                ORDER BY id DESC LIMIT 2000) AS recent
          WHERE recent.kind = 'deploy' AND recent.state = 'succeeded'
          ORDER BY recent.id DESC LIMIT 20) AS took)";
const std::string select_jobs = std::string("SELECT") + columns::job +
                                "FROM all_jobs j WHERE j.operation_id = $1 "
                                "ORDER BY j.created_at, j.id";

core::OperationState shown_state(const core::Job& job) {
    switch (job.state) {
        case core::JobState::available:
            // A step that ran before waits for its next try.
            return job.started_at ? core::OperationState::waiting : core::OperationState::pending;
        case core::JobState::running:
            return core::OperationState::running;
        case core::JobState::waiting:
            return core::OperationState::waiting;
        case core::JobState::succeeded:
            return core::OperationState::succeeded;
        case core::JobState::failed:
            return core::OperationState::failed;
        case core::JobState::cancelled:
            return core::OperationState::cancelled;
    }
    return core::OperationState::pending;
}

/// What a job says of itself; while nobody can run it, why.
std::string shown_message(const core::Job& job) {
    const bool in_line =
        job.state == core::JobState::available || job.state == core::JobState::waiting;
    return in_line && !job.blocked_reason.empty() ? job.blocked_reason : job.message;
}

StepView view_of(const core::Job& job, core::OperationPhase phase) {
    const bool ended_by_failure = job.state == core::JobState::failed;
    return {.kind = job.step,
            .phase = phase,
            .state = shown_state(job),
            .attempt = !job.started_at ? 0 : std::max(1, job.failures + (ended_by_failure ? 0 : 1)),
            .started_at = job.started_at,
            .finished_at = job.finished_at,
            .message = shown_message(job)};
}

bool contains(std::span<const core::StepKind> steps, core::StepKind step) {
    return std::ranges::find(steps, step) != steps.end();
}

/// Adds the steps of a phase that have no job yet.
void add_unreached(std::vector<StepView>& views, std::span<const core::StepKind> steps,
                   core::OperationPhase phase, core::OperationState state) {
    for (const auto step : steps) {
        const bool there = std::ranges::any_of(
            views, [&](const StepView& view) { return view.kind == step && view.phase == phase; });
        if (!there) views.push_back({.kind = step, .phase = phase, .state = state, .message = {}});
    }
}

template <typename E>
E enumerator_of(const std::string& text) {
    if (const auto parsed = base::parse_enum<E>(text)) return *parsed;
    throw SqlFailure("", "unknown enumerator in the database: " + text, false);
}

std::optional<base::TimePoint> time_of_microseconds(const base::Json& count) {
    if (count.is_null()) return std::nullopt;
    return base::TimePoint(std::chrono::microseconds(count.get<std::int64_t>()));
}

/// A line of ended_jobs, see migrations/0002: of the job as much as its step shows.
core::Job read_ended_job(std::string_view line) {
    const auto json = base::parse_json(line);
    if (!json || !json->is_array() || json->size() != 9) {
        throw SqlFailure("", "a line of ended jobs that is none", false);
    }
    core::Job job;
    job.step = enumerator_of<core::StepKind>(json->at(1).get<std::string>());
    job.state = enumerator_of<core::JobState>(json->at(2).get<std::string>());
    job.failures = json->at(3).get<int>();
    job.started_at = time_of_microseconds(json->at(6));
    job.finished_at = time_of_microseconds(json->at(7));
    job.message = json->at(8).get<std::string>();
    return job;
}

/// Those that ended, oldest first, and behind them the one that lives.
std::vector<core::Job> read_jobs(const Rows::Row& row, int first) {
    std::vector<core::Job> jobs;
    const std::string ended = row.text(first);
    for (std::string_view rest = ended; !rest.empty();) {
        const auto end = rest.find('\n');
        jobs.push_back(read_ended_job(rest.substr(0, end)));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    if (row.null(first + 1)) return jobs;
    core::Job& job = jobs.emplace_back();
    job.step = row.enumerator<core::StepKind>(first + 1);
    job.state = row.enumerator<core::JobState>(first + 2);
    job.failures = static_cast<int>(row.integer(first + 3));
    job.started_at = row.optional_time(first + 4);
    job.message = row.text(first + 5);
    job.blocked_reason = row.text_or_empty(first + 6);
    return jobs;
}

/// What columns::operation says in SQL: a live operation is stored as pending, and what it is at
/// follows from its jobs.
void derive_progress(core::Operation& operation, const std::vector<core::Job>& jobs) {
    std::optional<core::JobState> live;
    for (const auto& job : jobs) {
        if (job.started_at) {
            operation.started_at =
                std::min(operation.started_at.value_or(*job.started_at), *job.started_at);
        }
        if (!job.finished_at) live = job.state;
    }
    if (operation.finished_at || !live) return;
    if (*live == core::JobState::running) {
        operation.state = core::OperationState::running;
    } else if (*live == core::JobState::waiting) {
        operation.state = core::OperationState::waiting;
    } else {
        operation.state =
            operation.started_at ? core::OperationState::running : core::OperationState::pending;
    }
}

OperationView read_view(Sql& sql, const Rows::Row& row) {
    OperationView view{.operation = read_operation(row), .steps = {}};
    const Rows rows = sql.query(select_jobs, {view.operation.id});
    std::vector<core::Job> jobs;
    for (std::size_t i = 0; i < rows.size(); ++i) jobs.push_back(read_job(rows[i]));
    view.steps = steps_of(view.operation, jobs);
    return view;
}

JobView read_job_view(const Rows::Row& row) {
    constexpr int more = columns::operation_count;
    return {.operation = read_operation(row),
            .priority = static_cast<int>(row.integer(more)),
            .requirements = row.text(more + 1),
            .message = row.text(more + 2),
            .blocked_reason = row.text(more + 3),
            .awaits_turn = row.boolean(more + 4)};
}

class PgOperationRepository final : public OperationRepository {
public:
    explicit PgOperationRepository(Database& database) : database_(database) {}

    Result<OperationView> find(const base::OperationId& id,
                               const std::optional<base::UserId>& owner) override {
        if (!base::is_uuid(id.text())) return no_such_operation();
        return database_.run([&](Sql& sql) -> Result<OperationView> {
            const Rows rows = sql.query(select_operation, {id, owner});
            if (rows.empty()) return no_such_operation();
            return read_view(sql, rows[0]);
        });
    }

    Result<std::optional<core::Operation>> latest_before(const base::BotId& bot,
                                                         const std::string& before) override {
        using Latest = std::optional<core::Operation>;
        return database_.run([&](Sql& sql) -> Result<Latest> {
            const Rows rows = sql.query(select_latest_before, {bot, before});
            return rows.empty() ? Latest() : Latest(read_operation(rows[0]));
        });
    }

    Result<JobView> find_job(const base::OperationId& id,
                             const std::optional<base::UserId>& owner) override {
        if (!base::is_uuid(id.text())) return no_such_operation();
        return database_.run([&](Sql& sql) -> Result<JobView> {
            const Rows rows = sql.query(select_job_view, {id, owner});
            if (rows.empty()) return no_such_operation();
            return read_job_view(rows[0]);
        });
    }

    Result<Page<JobView>> list_jobs(const JobQuery& query) override {
        if (query.after && !base::is_uuid(*query.after)) {
            return fail(ErrorKind::invalid, "The cursor is none of ours.");
        }
        return database_.run([&](Sql& sql) -> Result<Page<JobView>> {
            const Rows rows =
                sql.query(select_job_list, {query.user, query.kind, query.state, query.bot,
                                            query.after, query.limit + 1, job_page_bytes});
            Page<JobView> page;
            if (rows.empty()) return page;
            const auto found = static_cast<std::size_t>(rows[0].integer(job_view_count));
            const auto count = std::min(rows.size(), static_cast<std::size_t>(query.limit));
            for (std::size_t i = 0; i < count; ++i) page.items.push_back(read_job_view(rows[i]));
            if (found > count) page.next = page.items.back().operation.id.text();
            return page;
        });
    }

    Result<std::optional<std::chrono::seconds>> typical_deploy() override {
        using Typical = std::optional<std::chrono::seconds>;
        return database_.run([&](Sql& sql) -> Result<Typical> {
            const Rows rows = sql.query(select_typical_deploy);
            if (rows.empty() || rows[0].null(0)) return Typical();
            return Typical(rows[0].integer(0));
        });
    }

private:
    static tl::unexpected<base::Error> no_such_operation() {
        return fail(ErrorKind::not_found, "There is no such operation.");
    }

    Database& database_;
};

}  // namespace

std::vector<StepView> steps_of(const core::Operation& operation,
                               const std::vector<core::Job>& jobs) {
    const auto forward = core::steps_of(operation.kind);
    const auto teardown = core::teardown_steps_of(operation.kind);
    std::vector<StepView> views;
    std::vector<StepView> back;
    for (const auto& job : jobs) {
        if (contains(forward, job.step)) {
            views.push_back(view_of(job, core::OperationPhase::forward));
        } else {
            back.push_back(view_of(job, core::OperationPhase::teardown));
        }
    }
    const bool over =
        core::is_terminal(operation.state) || operation.phase == core::OperationPhase::teardown;
    add_unreached(views, forward, core::OperationPhase::forward,
                  over ? core::OperationState::cancelled : core::OperationState::pending);
    if (operation.phase == core::OperationPhase::teardown) {
        add_unreached(back, teardown, core::OperationPhase::teardown,
                      core::is_terminal(operation.state) ? core::OperationState::cancelled
                                                         : core::OperationState::pending);
    }
    std::ranges::move(back, std::back_inserter(views));
    return views;
}

std::optional<OperationView> latest_operation::read(const Rows::Row& row, int first) {
    if (row.null(first)) return std::nullopt;
    OperationView view{.operation = read_operation(row, first), .steps = {}};
    const auto jobs = read_jobs(row, first + columns::operation_count);
    derive_progress(view.operation, jobs);
    view.steps = steps_of(view.operation, jobs);
    return view;
}

std::unique_ptr<OperationRepository> make_operation_repository(Database& database) {
    return std::make_unique<PgOperationRepository>(database);
}

}  // namespace hatchery::store
