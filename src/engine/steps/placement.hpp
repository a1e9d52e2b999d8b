#pragma once

#include <optional>

#include "core/placement.hpp"
#include "core/server.hpp"
#include "engine/step_context.hpp"

namespace hatchery::engine {

/// Where the bot's server is asked for first: what its user asked for, the operator's defaults
/// where nothing was said, and another place if the plan forbids that one. `invalid` when it
/// forbids all.
[[nodiscard]] base::Result<core::Place> chosen_place(StepContext& context, const core::Bot& bot);

/// After a create that made nothing, for a reason which lies in the place: says so in the bot's
/// story, and writes the next place into the row before anything is asked for there. When none is
/// left the step fails, and begins with the first place again if it is tried again.
[[nodiscard]] core::StepOutcome go_elsewhere(StepContext& context, const core::Server& server,
                                             base::Error error);

/// The same for a row that is planned anew, after what was made at another place had to be given
/// up.
[[nodiscard]] core::StepOutcome go_elsewhere(StepContext& context, const core::Server& server,
                                             const core::Place& place, base::Error error);

/// If the row's place is one that was tried already (a run died between saying so and moving the
/// row): moves it on. Only for a planned row, which no create is out for.
[[nodiscard]] std::optional<core::StepOutcome> leave_tried_place(StepContext& context,
                                                                 const core::Server& server);

}  // namespace hatchery::engine
