#include "app/commands.hpp"

namespace hatchery::app {

std::vector<cli::Command> all_commands() { return {}; }

}  // namespace hatchery::app
