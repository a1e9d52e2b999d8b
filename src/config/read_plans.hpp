#pragma once

#include <optional>
#include <string>

#include "core/plan.hpp"

namespace hatchery::config {

/// Reads what HATCHERY_PLANS says into `plans`, which holds the usual ones: an object of plans,
/// each an object of the limits that differ. Answers everything that is wrong, in one sentence, or
/// nothing.
[[nodiscard]] std::optional<std::string> read_plans(const std::string& text, core::Plans& plans);

}  // namespace hatchery::config
