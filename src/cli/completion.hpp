#pragma once

#include <span>
#include <string>

#include "cli/command.hpp"

namespace hatchery::cli {

/// The script that completes these commands in bash; needs nothing but bash.
[[nodiscard]] std::string bash_completion(std::span<const Command> commands);

/// The script that completes these commands in zsh, as a file `_hatchery` of its fpath or sourced
/// after compinit.
[[nodiscard]] std::string zsh_completion(std::span<const Command> commands);

}  // namespace hatchery::cli
