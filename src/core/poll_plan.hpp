#pragma once

#include <optional>
#include <span>

#include "base/clock.hpp"

namespace hatchery::core {

/// When to list a provider project's servers next, given when each of those that boot was planned
/// and when the last list was asked for. One list serves all of them, so that twenty servers
/// deployed at once cost little more than one request each, the create.
///
/// The first look comes when a server can be up, then one every few seconds, and slower once a
/// server is late. Nothing when nobody waits. A time in the past means now.
[[nodiscard]] std::optional<base::TimePoint> next_look(
    std::span<const base::TimePoint> booting_since, std::optional<base::TimePoint> last_look,
    base::TimePoint now);

}  // namespace hatchery::core
