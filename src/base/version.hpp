#pragma once

#include <string_view>

namespace hatchery::base {

/// Of this program.
inline constexpr std::string_view version = "0.1.0";

}  // namespace hatchery::base
