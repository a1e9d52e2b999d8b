#include "store/diagnosis.hpp"

#include <array>
#include <utility>

#include "base/json_value.hpp"

namespace hatchery::store {

namespace {

/// One list of the history: its name, and the statement of its rows.
using List = std::pair<const char*, const char*>;

constexpr std::array<List, 5> lists = {{
    {"operations",
     "SELECT id, bot_id, kind, state, phase, cancel_requested, created_at, started_at, "
     "finished_at, "
     "deadline_at, error FROM operations ORDER BY created_at DESC LIMIT $1"},
    {"events",
     "SELECT at, bot_id, operation_id, seq, type, level, step, stream, message FROM events "
     "WHERE at > now() - interval '7 days' AND level IN ('warning', 'error') "
     "ORDER BY at DESC LIMIT $1"},
    {"alarms",
     "SELECT kind, cause, next_action, raised_at, cleared_at, telling_failures FROM alarms "
     "ORDER BY raised_at DESC LIMIT $1"},
    {"workers",
     "SELECT id, version, role, capabilities, slots, max_slots, busy, draining, started_at, "
     "heartbeat_at FROM workers ORDER BY started_at DESC LIMIT $1"},
    {"migrations", "SELECT name, applied_at FROM hatchery_migrations ORDER BY name DESC LIMIT $1"},
}};

}  // namespace

base::Result<DatabaseFacts> database_facts(Database& database) {
    return database.run([](Sql& sql) -> base::Result<DatabaseFacts> {
        const auto rows = sql.query(
            "SELECT current_setting('server_version'), "
            "CAST(current_setting('server_version_num') AS bigint), clock_timestamp(), "
            "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
            "CAST(current_setting('max_connections') AS bigint), "
            "pg_database_size(current_database())");
        const auto row = rows[0];
        return DatabaseFacts{.version = row.text(0),
                             .version_number = row.integer(1),
                             .now = row.time(2),
                             .connections = row.integer(3),
                             .max_connections = row.integer(4),
                             .bytes = row.integer(5)};
    });
}

base::Result<base::Json> recent_history(Database& database, int limit) {
    return database.run([limit](Sql& sql) -> base::Result<base::Json> {
        base::Json history = base::Json::object();
        for (const auto& [name, rows] : lists) {
            const auto found =
                sql.query(std::string("SELECT coalesce(json_agg(listed), '[]') FROM (") + rows +
                              ") AS listed",
                          {limit});
            auto parsed = base::parse_json(found[0].text(0), 64U << 20U);
            if (!parsed) return base::fail(std::move(parsed).error());
            history[name] = *std::move(parsed);
        }
        return history;
    });
}

}  // namespace hatchery::store
