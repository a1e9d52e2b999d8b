#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/embedded_file.hpp"
#include "base/result.hpp"
#include "store/database.hpp"

namespace hatchery::store {

struct MigrationReport {
    /// Files applied by this call, in order; empty when the schema was current.
    std::vector<std::string> applied;
    /// Files that the database has now.
    int total = 0;
};

/// Brings the schema to the newest version of `files`, each in a transaction of its own, under an
/// advisory lock: of several processes that start at once one migrates and the others wait. A file
/// is never run twice; `conflict` when one that was applied has another text now, or when the
/// database has been migrated further than these files go.
[[nodiscard]] base::Result<MigrationReport> migrate(Database& database);
[[nodiscard]] base::Result<MigrationReport> migrate(Database& database,
                                                    std::span<const base::EmbeddedFile> files);

/// Whether the database has exactly the embedded migrations: part of readiness. Changes nothing.
[[nodiscard]] base::Result<bool> schema_current(Database& database);
/// The same for a command: `conflict`, and what to do, when it has not.
[[nodiscard]] base::Result<void> require_current_schema(Database& database);

}  // namespace hatchery::store
