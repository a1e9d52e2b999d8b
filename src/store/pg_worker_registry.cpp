#include "store/pg_worker_registry.hpp"

#include "store/queue_status_rows.hpp"

namespace hatchery::store {

namespace {

using base::Result;

const std::string beat_statement = std::string(R"(
    WITH beaten AS (
        INSERT INTO workers (id, host, version, role, capabilities, slots, max_slots, busy, draining,
                             started_at, heartbeat_at)
        VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (id) DO UPDATE SET
            capabilities = excluded.capabilities, slots = excluded.slots,
            max_slots = excluded.max_slots, busy = excluded.busy, draining = excluded.draining,
            heartbeat_at = excluded.heartbeat_at
    )
    SELECT)") + queue_status_columns +
                                   "FROM queue_status q";
constexpr std::string_view leave_statement = "DELETE FROM workers WHERE id = $1";
constexpr std::string_view list_statement = R"(
    SELECT id, host, version, role, capabilities, slots, max_slots, busy, draining, started_at,
        heartbeat_at
    FROM workers ORDER BY started_at, id)";
constexpr std::string_view drop_statement = "DELETE FROM workers WHERE heartbeat_at < $1";

core::Worker read_worker(const Rows::Row& row) {
    core::Worker worker;
    worker.id = row.id<base::WorkerId>(0);
    worker.host = row.text(1);
    worker.version = row.text(2);
    worker.role = row.enumerator<core::WorkerRole>(3);
    worker.capabilities = row.text(4);
    worker.slots = static_cast<int>(row.integer(5));
    worker.max_slots = static_cast<int>(row.integer(6));
    worker.busy = static_cast<int>(row.integer(7));
    worker.draining = row.boolean(8);
    worker.started_at = row.time(9);
    worker.heartbeat_at = row.time(10);
    return worker;
}

class PgWorkerRegistry final : public ports::WorkerRegistry {
public:
    explicit PgWorkerRegistry(Database& database) : database_(database) {}

    Result<std::optional<core::QueueStatus>> beat(const core::Worker& worker) override {
        return database_.run([&](Sql& sql) -> Result<std::optional<core::QueueStatus>> {
            const Rows rows = sql.query(
                beat_statement, {worker.id, worker.host, worker.version, worker.role,
                                 worker.capabilities, worker.slots, worker.max_slots, worker.busy,
                                 worker.draining, worker.started_at, worker.heartbeat_at});
            if (rows.empty()) return std::nullopt;
            return read_queue_status(rows[0]);
        });
    }

    Result<void> leave(const base::WorkerId& worker) override {
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(leave_statement, {worker});
            return {};
        });
    }

    Result<std::vector<core::Worker>> list() override {
        return database_.run([](Sql& sql) -> Result<std::vector<core::Worker>> {
            const Rows rows = sql.query(list_statement);
            std::vector<core::Worker> workers;
            for (std::size_t i = 0; i < rows.size(); ++i) workers.push_back(read_worker(rows[i]));
            return workers;
        });
    }

    Result<int> drop_silent(base::TimePoint before) override {
        return database_.run([&](Sql& sql) -> Result<int> {
            return static_cast<int>(sql.query(drop_statement, {before}).affected());
        });
    }

private:
    Database& database_;
};

}  // namespace

core::QueueStatus read_queue_status(const Rows::Row& row) {
    core::QueueStatus status;
    status.at = row.time(0);
    status.due = static_cast<int>(row.integer(1));
    status.waiting = static_cast<int>(row.integer(2));
    status.running = static_cast<int>(row.integer(3));
    status.blocked = static_cast<int>(row.integer(4));
    status.oldest_due_at = row.optional_time(5);
    status.workers = static_cast<int>(row.integer(6));
    status.slots = static_cast<int>(row.integer(7));
    status.max_slots = static_cast<int>(row.integer(8));
    status.busy = static_cast<int>(row.integer(9));
    status.oldest_transaction = std::chrono::seconds(row.integer(10));
    status.desired_workers = static_cast<int>(row.integer(11));
    return status;
}

std::unique_ptr<ports::WorkerRegistry> make_pg_worker_registry(Database& database) {
    return std::make_unique<PgWorkerRegistry>(database);
}

}  // namespace hatchery::store
