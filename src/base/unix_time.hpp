#pragma once

#include <chrono>
#include <optional>

#include "base/clock.hpp"

namespace hatchery::base {

/// The moment that many seconds after 1970; nothing outside the years 1970 to 9999. Strangers name
/// such moments, and one far enough away does not fit into a TimePoint.
[[nodiscard]] constexpr std::optional<TimePoint> time_of_unix_seconds(long long seconds) {
    constexpr long long year_10000 = 253'402'300'800;
    if (seconds < 0 || seconds >= year_10000) return std::nullopt;
    return TimePoint(std::chrono::seconds(seconds));
}

}  // namespace hatchery::base
