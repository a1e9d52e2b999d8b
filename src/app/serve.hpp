#pragma once

#include "cli/command.hpp"

namespace hatchery::app {

/// `hatchery serve`: API, webhook receiver, relay and engine until SIGTERM or SIGINT.
[[nodiscard]] cli::Command serve_command();
/// `hatchery worker`: an engine alone.
[[nodiscard]] cli::Command worker_command();

}  // namespace hatchery::app
