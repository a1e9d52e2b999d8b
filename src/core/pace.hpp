#pragma once

#include <algorithm>

#include "base/clock.hpp"

namespace hatchery::core {

/// A run that begins this much after its time is not late yet.
inline constexpr base::Milliseconds punctual{50};
/// The longest that looking again is put off because of lateness.
inline constexpr base::Milliseconds longest_stretch{5'000};

/// What is added to the wait before a step looks at the world again, when this run began `late`.
/// With more under way than can be looked at as often as one would like, everybody looks less
/// often, so that runs stay nearly punctual: thousands of deployments find the pace by themselves
/// at which none of them waits long for its turn. Nothing is added while runs begin on time.
[[nodiscard]] constexpr base::Milliseconds stretch(base::Milliseconds late) {
    constexpr int steepness = 20;
    if (late <= punctual) return base::Milliseconds{0};
    // Bounded first: after a long standstill the product could be anything.
    const auto excess = std::min(late - punctual, longest_stretch);
    return std::min(excess * steepness, longest_stretch);
}

}  // namespace hatchery::core
