#pragma once

#include <optional>
#include <span>

#include "core/job.hpp"
#include "core/operation.hpp"

namespace hatchery::core {

/// The steps of an operation, in order.
[[nodiscard]] std::span<const StepKind> steps_of(OperationKind kind);

/// What removes everything a failed or cancelled operation made; empty where it keeps its server
/// (a bot whose restart failed has data on it).
[[nodiscard]] std::span<const StepKind> teardown_steps_of(OperationKind kind);

/// The step that follows in this phase, or nothing at the end of the chain.
[[nodiscard]] std::optional<StepKind> next_step(OperationKind kind, OperationPhase phase,
                                                StepKind step);

/// Whether a user may cancel it: a destroy is already what a cancel would do.
[[nodiscard]] bool can_cancel(OperationKind kind);

}  // namespace hatchery::core
