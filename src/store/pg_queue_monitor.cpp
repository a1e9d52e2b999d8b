#include "store/pg_queue_monitor.hpp"

#include <set>

#include "store/queue_statements.hpp"
#include "store/queue_status_rows.hpp"

namespace hatchery::store {

namespace {

using base::Result;
using base::TimePoint;

/// Jobs that one call marks at most; the next call takes the rest.
constexpr int mark_page = 250;

constexpr std::string_view publish_statement = R"(
    INSERT INTO queue_status (counted_at, due, waiting, running, blocked, oldest_due_at, workers,
                              slots, max_slots, busy, oldest_transaction_s, desired_workers)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (singleton) DO UPDATE SET
        counted_at = excluded.counted_at, due = excluded.due, waiting = excluded.waiting,
        running = excluded.running, blocked = excluded.blocked,
        oldest_due_at = excluded.oldest_due_at, workers = excluded.workers,
        slots = excluded.slots, max_slots = excluded.max_slots, busy = excluded.busy,
        oldest_transaction_s = excluded.oldest_transaction_s,
        desired_workers = excluded.desired_workers)";
constexpr std::string_view offers_statement = R"(
    SELECT DISTINCT capabilities FROM workers
    WHERE heartbeat_at >= $1 AND NOT draining AND slots > 0)";

class PgQueueMonitor final : public ports::QueueMonitor {
public:
    PgQueueMonitor(Database& database, Hints& hints) : database_(database), hints_(hints) {}

    Result<core::QueueStatus> count(TimePoint now, TimePoint alive_since) override {
        return database_.run([&](Sql& sql) -> Result<core::QueueStatus> {
            return read_queue_status(sql.query(statements::count_queue(), {now, alive_since})[0]);
        });
    }

    Result<void> publish(const core::QueueStatus& status) override {
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(
                publish_statement,
                {status.at, status.due, status.waiting, status.running, status.blocked,
                 status.oldest_due_at, status.workers, status.slots, status.max_slots, status.busy,
                 static_cast<std::int64_t>(status.oldest_transaction.count()),
                 status.desired_workers});
            return {};
        });
    }

    Result<std::vector<ports::Demand>> demands(TimePoint now, TimePoint alive_since) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<ports::Demand>> {
            const Rows rows = sql.query(statements::demands(), {now, alive_since});
            std::vector<ports::Demand> found;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                found.push_back({.requirements = rows[i].text(0), .met = rows[i].boolean(1)});
            }
            return found;
        });
    }

    Result<std::vector<std::string>> offers(TimePoint alive_since) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<std::string>> {
            const Rows rows = sql.query(offers_statement, {alive_since});
            std::vector<std::string> found;
            for (std::size_t i = 0; i < rows.size(); ++i) found.push_back(rows[i].text(0));
            return found;
        });
    }

    Result<int> mark_blocked(std::span<const ports::BlockedDemand> blocked,
                             TimePoint now) override {
        std::vector<std::string> requirements;
        std::vector<std::string> reasons;
        for (const auto& demand : blocked) {
            requirements.push_back(demand.requirements);
            reasons.push_back(demand.reason);
        }
        std::set<std::string> told;
        bool freed = false;
        const auto marked = database_.run([&](Sql& sql) -> Result<int> {
            freed =
                sql.query(statements::unmark_blocked(), {array_text(requirements)}).affected() > 0;
            if (blocked.empty()) return 0;
            const Rows rows =
                sql.query(statements::mark_blocked(),
                          {array_text(requirements), array_text(reasons), now, mark_page});
            for (std::size_t i = 0; i < rows.size(); ++i) told.insert(rows[i].text(0));
            return static_cast<int>(rows.size());
        });
        for (const auto& bot : told) hints_.bot_changed(base::BotId(bot));
        if (marked && freed) hints_.jobs_ready();
        return marked;
    }

    Result<int> release_ending(TimePoint now) override {
        const auto released = database_.run([&](Sql& sql) -> Result<int> {
            return static_cast<int>(sql.query(statements::release_ending(), {now}).size());
        });
        if (released && *released > 0) hints_.jobs_ready();
        return released;
    }

private:
    Database& database_;
    Hints& hints_;
};

}  // namespace

std::unique_ptr<ports::QueueMonitor> make_pg_queue_monitor(Database& database, Hints& hints) {
    return std::make_unique<PgQueueMonitor>(database, hints);
}

}  // namespace hatchery::store
