#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.hpp"

namespace hatchery::core {

/// How much further back a job stands for each job that its user has in line before it. Others who
/// come within that time stand before it: a hundred jobs of one user do not starve another's one,
/// and still each of them moves on.
inline constexpr base::Milliseconds line_spacing{10'000};

/// The place in line of a new job, given the last place of its user, if he has one there.
[[nodiscard]] inline base::TimePoint place_in_line(base::TimePoint now,
                                                   std::optional<base::TimePoint> last) {
    return last ? std::max(now, *last + line_spacing) : now;
}

}  // namespace hatchery::core
