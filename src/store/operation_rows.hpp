#pragma once

#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "core/job.hpp"
#include "core/operation.hpp"
#include "store/operation_repository.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// The steps that ran, as their jobs tell, and those that are still to come. Pure.
[[nodiscard]] std::vector<StepView> steps_of(const core::Operation& operation,
                                             const std::vector<core::Job>& jobs);

/// The bot's live operation, or its latest one, with its steps.
[[nodiscard]] std::optional<OperationView> read_latest_operation(Sql& sql, const base::BotId& bot);

}  // namespace hatchery::store
