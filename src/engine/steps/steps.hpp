#pragma once

#include "core/outcome.hpp"
#include "engine/step_context.hpp"

namespace hatchery::engine {

// One function a step. Each may be run again from its first line at any moment, on another
// machine, with the effects of an earlier run half there.

/// A server at the provider that shows a host key known to us alone.
[[nodiscard]] core::StepOutcome provision_server(StepContext& context);
/// User, swap, firewall, unit: what the server needs besides the release.
[[nodiscard]] core::StepOutcome install_dependencies(StepContext& context);
/// The release bundle, unpacked and current.
[[nodiscard]] core::StepOutcome deploy_openclaw(StepContext& context);
/// The bot's configuration and secrets.
[[nodiscard]] core::StepOutcome configure_bot(StepContext& context);
/// OpenClaw runs, Telegram's webhook is ours, and the way between them is open.
[[nodiscard]] core::StepOutcome start_bot(StepContext& context);
/// OpenClaw does not run.
[[nodiscard]] core::StepOutcome stop_bot(StepContext& context);
/// The provider no longer lists the server.
[[nodiscard]] core::StepOutcome destroy_server(StepContext& context);
/// Telegram posts to us no more.
[[nodiscard]] core::StepOutcome remove_webhook(StepContext& context);

/// The bot has heard a message and answered it.
[[nodiscard]] core::StepOutcome chat_turn(StepContext& context);
/// The turn of a chat that ends without a reply runs no more on the server.
[[nodiscard]] core::StepOutcome stop_turn(StepContext& context);

[[nodiscard]] core::StepOutcome run_step(StepContext& context);

}  // namespace hatchery::engine
