#pragma once

#include <string>

#include "base/error.hpp"

namespace hatchery::core {

/// The error that a provisioning script's exit code means, with one sentence of cause and one next
/// action. The codes are listed in provisioning-scripts/README.md; a test compares both lists.
[[nodiscard]] base::Error script_error(const std::string& script, int exit_code);

/// Whether the error is what a script that ran said, and not that it could not be asked.
[[nodiscard]] bool is_script_error(const base::Error& error);

}  // namespace hatchery::core
