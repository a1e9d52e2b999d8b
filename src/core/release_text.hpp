#pragma once

#include <string>
#include <string_view>

namespace hatchery::core {

/// What the step that installs OpenClaw says at its end, and leaves with its operation.
[[nodiscard]] std::string installed_text(std::string_view version);
/// The version in such a text; empty when it is none.
[[nodiscard]] std::string installed_version(std::string_view text);

}  // namespace hatchery::core
