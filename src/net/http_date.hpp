#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"

namespace hatchery::net {

/// A time as HTTP's `Date` writes it, `Sat, 21 Nov 2026 12:00:00 GMT`, to the second.
[[nodiscard]] std::optional<base::TimePoint> parse_http_date(const std::string& text);

}  // namespace hatchery::net
