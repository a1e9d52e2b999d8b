#pragma once

#include <string_view>

namespace hatchery::core {

/// How a script's line begins that is a result for Hatchery, and nothing for people:
/// `hatchery-fact KEY=VALUE` on standard output. See provisioning-scripts/README.md.
inline constexpr std::string_view script_fact_mark = "hatchery-fact ";

[[nodiscard]] constexpr bool is_script_fact(std::string_view line) {
    return line.starts_with(script_fact_mark);
}

}  // namespace hatchery::core
