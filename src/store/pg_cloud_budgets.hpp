#pragma once

#include <memory>

#include "ports/cloud_budgets.hpp"
#include "store/database.hpp"

namespace hatchery::store {

/// Budgets in the table cloud_budgets; their time is the database's own, so that one clock rules
/// all processes. `database` outlives it.
[[nodiscard]] std::unique_ptr<ports::CloudBudgets> make_pg_cloud_budgets(Database& database);

}  // namespace hatchery::store
