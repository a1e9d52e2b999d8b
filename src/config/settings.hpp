#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/load.hpp"

namespace hatchery::config {

/// One variable: how it is read, and from which need on it must be there.
struct Setting {
    std::string_view name;
    /// Empty: none.
    std::string_view fallback;
    bool secret = false;
    /// Must be set for this need and those above it; nothing means it may always be missing.
    std::optional<Need> needed_for;
    /// What to write when it is missing.
    std::string_view hint;
    /// Puts the value, which is never empty, into the struct, or answers what would be right.
    std::optional<std::string> (*read)(const std::string& value, Config& config);
};

/// Those of the API's front: part of settings().
[[nodiscard]] std::span<const Setting> front_settings();

/// Every variable, in the order in which they are shown.
[[nodiscard]] std::span<const Setting> settings();

/// Whether the host of this URL is this machine's loopback.
[[nodiscard]] bool is_loopback_url(std::string_view url);

}  // namespace hatchery::config
