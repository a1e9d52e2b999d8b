#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/own_machine.hpp"

namespace hatchery::config {

/// Reads the operator's list of machines, and the keys that it names. Answers what would be right,
/// with the entry and the field, when something is wrong; never what a key holds.
[[nodiscard]] std::optional<std::string> read_own_machines(const std::string& path,
                                                           std::vector<core::OwnMachine>& machines);

/// The same of the list's text; keys are looked up from `folder` on.
[[nodiscard]] std::optional<std::string> parse_own_machines(
    std::string_view text, const std::string& folder, std::vector<core::OwnMachine>& machines);

}  // namespace hatchery::config
