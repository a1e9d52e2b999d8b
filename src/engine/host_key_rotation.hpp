#pragma once

#include <optional>

#include "engine/host_login.hpp"
#include "engine/step_context.hpp"

namespace hatchery::engine {

/// Replaces the SSH host key that came through user data by one that the server makes itself, and
/// marks the server ready. While both keys are possible the row knows both, so a crash at any
/// point leaves a server that can still be logged in to.
///
/// A machine that shows a key of its own keeps it: it is only marked ready.
///
/// Nothing means done; otherwise what the step has to answer.
[[nodiscard]] std::optional<core::StepOutcome> rotate_host_key(StepContext& context,
                                                               HostLogin login);

}  // namespace hatchery::engine
