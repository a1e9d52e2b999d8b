#pragma once

#include <optional>

#include "core/placement.hpp"
#include "core/server.hpp"
#include "engine/step_context.hpp"

namespace hatchery::engine {

/// A server whose create the provider took and then failed to carry out. It stays in the step's
/// progress until the server is proven gone and another one is begun.
struct GivenUpCreate {
    base::ServerId server;
    core::Place place;
    base::Error why;
};

/// When the provider's actions say of a server that nobody could reach yet that it will never be:
/// tells so and gives the server up. From then on every run goes by given_up_create().
[[nodiscard]] std::optional<core::StepOutcome> give_up_failed_create(StepContext& context,
                                                                     const core::Server& server);

[[nodiscard]] std::optional<GivenUpCreate> given_up_create(const StepContext& context);

/// Deletes what was given up, and waits until the provider lists it no longer; `server` is the
/// bot's and becomes none. Nothing once another place is to be tried; the step's failure when that
/// would not help.
[[nodiscard]] std::optional<core::StepOutcome> end_given_up(StepContext& context,
                                                            const GivenUpCreate& given_up,
                                                            std::optional<core::Server>& server);

/// The next server is begun.
void forget_given_up(StepContext& context);

}  // namespace hatchery::engine
