#pragma once

#include <string>
#include <string_view>

#include "core/cloud_budget.hpp"

namespace hatchery::store {

/// A budget's state as it is kept. Times are microseconds since 1970.
[[nodiscard]] std::string budget_text(const core::BudgetState& state);
/// Reads it back; what cannot be read begins anew.
[[nodiscard]] core::BudgetState read_budget(std::string_view text);

}  // namespace hatchery::store
