#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "store/database.hpp"

namespace hatchery::store {

/// What PostgreSQL says of itself.
struct DatabaseFacts {
    /// `15.8`
    std::string version;
    /// 150008 for 15.8.
    std::int64_t version_number = 0;
    /// Its clock at the moment of the answer.
    base::TimePoint now;
    std::int64_t connections = 0;
    std::int64_t max_connections = 0;
    /// Of this database on disk.
    std::int64_t bytes = 0;
};
[[nodiscard]] base::Result<DatabaseFacts> database_facts(Database& database);

/// What happened lately, for who looks for a fault: `operations`, `events` (warnings and errors of
/// the last seven days), `alarms`, `workers`, `migrations`, each an array of at most `limit`, the
/// newest first. Ids, times and texts of ours; no names, addresses, messages of chats or secrets.
[[nodiscard]] base::Result<base::Json> recent_history(Database& database, int limit);

}  // namespace hatchery::store
