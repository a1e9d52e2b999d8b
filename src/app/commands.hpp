#pragma once

#include <vector>

#include "cli/command.hpp"

namespace hatchery::app {

/// Every command of the program: those that need the adapters, and the API's client.
[[nodiscard]] std::vector<cli::Command> all_commands();

}  // namespace hatchery::app
