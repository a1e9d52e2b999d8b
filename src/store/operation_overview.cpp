#include "store/operation_overview.hpp"

#include <algorithm>

#include "store/queue_status_rows.hpp"
#include "store/records.hpp"

namespace hatchery::store {

namespace {

using base::Result;

/// What follows the operation's columns.
enum Column : int {
    bot_name = columns::operation_count,
    step,
    message,
    run_at,
    lease_until,
    worker_id,
    blocked_reason,
    reason,
};

LiveOperation read_live(const Rows::Row& row, base::TimePoint now) {
    LiveOperation live{.operation = read_operation(row),
                       .bot_name = row.text(bot_name),
                       .step = row.optional_enumerator<core::StepKind>(step),
                       .message = row.text_or_empty(message),
                       .stuck = std::nullopt};
    if (row.null(reason)) return live;
    live.stuck = core::StuckFacts{.reason = row.enumerator<core::StuckReason>(reason),
                                  .now = now,
                                  .deadline_at = live.operation.deadline_at,
                                  .step = live.step,
                                  .run_at = row.optional_time(run_at),
                                  .lease_until = row.optional_time(lease_until),
                                  .worker_id = row.text_or_empty(worker_id),
                                  .blocked_reason = row.text_or_empty(blocked_reason)};
    return live;
}

class PgOperationOverview final : public OperationOverview {
public:
    explicit PgOperationOverview(Database& database) : database_(database) {}

    Result<Page<LiveOperation>> list(Which which, const core::StuckLimits& limits,
                                     base::TimePoint now, const std::optional<std::string>& after,
                                     int limit) override {
        if (after && !base::is_uuid(*after)) {
            return base::fail(base::ErrorKind::invalid, "The cursor is none of ours.");
        }
        return database_.run([&](Sql& sql) -> Result<Page<LiveOperation>> {
            const Rows rows =
                sql.query(live_operations_statement(),
                          {which == Which::stuck, base::TimePoint(now - limits.past_deadline),
                           base::TimePoint(now - limits.lease_expired),
                           base::TimePoint(now - limits.not_claimed), after, limit + 1});
            Page<LiveOperation> page;
            const auto count = std::min(rows.size(), static_cast<std::size_t>(limit));
            for (std::size_t i = 0; i < count; ++i) page.items.push_back(read_live(rows[i], now));
            if (rows.size() > count) page.next = page.items.back().operation.id.text();
            return page;
        });
    }

    Result<std::optional<core::QueueStatus>> queue() override {
        using Counted = std::optional<core::QueueStatus>;
        static const std::string statement =
            std::string("SELECT") + queue_status_columns + "FROM queue_status q";
        return database_.run([](Sql& sql) -> Result<Counted> {
            const Rows rows = sql.query(statement);
            return rows.empty() ? Counted() : Counted(read_queue_status(rows[0]));
        });
    }

private:
    Database& database_;
};

}  // namespace

const std::string& live_operations_statement() {
    static const std::string text = std::string("SELECT") + columns::operation + R"(,
            b.name, j.step,
            coalesce(CASE WHEN j.state <> 'running' THEN j.blocked_reason END, j.message),
            j.run_at, j.lease_until, j.worker_id, j.blocked_reason,
            why.reason
        FROM jobs j
        JOIN operations o ON o.id = j.operation_id
        JOIN bots b ON b.id = j.bot_id
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN j.state = 'running' AND j.lease_until < $3 THEN 'lease_expired'
                WHEN j.state <> 'running' AND j.blocked_reason IS NOT NULL THEN 'blocked'
                WHEN o.deadline_at < $2 THEN 'past_deadline'
                WHEN j.state <> 'running' AND j.run_at < $4 THEN 'not_claimed'
            END AS reason
        ) AS why
        WHERE (NOT $1::boolean OR why.reason IS NOT NULL)
          AND ($5::uuid IS NULL OR j.operation_id > $5::uuid)
        ORDER BY j.operation_id LIMIT $6::bigint)";
    return text;
}

std::unique_ptr<OperationOverview> make_operation_overview(Database& database) {
    return std::make_unique<PgOperationOverview>(database);
}

}  // namespace hatchery::store
