#pragma once

#include <string>

#include "base/result.hpp"
#include "store/database.hpp"

namespace hatchery::store {

/// Lets another role of PostgreSQL run the service on this schema, whose owner is the role of
/// `database`: it may read and write all rows, but the audit log only read and add to, and the
/// list of migrations only read; it owns nothing, so it cannot take that back. To be said again
/// after each migration that made a table. Again is no error. `not_found` when there is no such
/// role, `conflict` when it has the owner's rights anyway. Blocks for one transaction.
[[nodiscard]] base::Result<void> grant_service_role(Database& database, const std::string& role);

}  // namespace hatchery::store
