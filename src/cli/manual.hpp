#pragma once

#include <span>
#include <string>

#include "cli/command.hpp"

namespace hatchery::cli {

/// The manual page of these commands, for man(1): section 1, in roff with the man macros.
[[nodiscard]] std::string manual_page(std::span<const Command> commands);

}  // namespace hatchery::cli
