#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.hpp"

namespace hatchery::core {

enum class Claimed : std::uint8_t { nothing, some };

/// How long a dispatcher rests after a claim that left it room. One dispatcher has one of them; not
/// thread-safe.
class ClaimPace {
public:
    /// `due`: when the next job can be claimed, if there is one. `longest`: what an idle dispatcher
    /// sleeps; no rest is longer.
    [[nodiscard]] base::Milliseconds rest(Claimed claimed, std::optional<base::TimePoint> due,
                                          base::TimePoint now, base::Milliseconds longest) {
        if (claimed == Claimed::some || !due || *due > now) again_ = shortest;
        if (!due) return longest;
        if (*due > now) {
            return std::clamp(std::chrono::ceil<base::Milliseconds>(*due - now), shortest, longest);
        }
        // The time of a job has come, and yet the claim did not take it. Another process may have
        // had it in its hands for the moment of a claim of its own, so that looking again soon is
        // right; whatever else keeps it from us must not make us ask a thousand times a second.
        const auto rest = std::min(again_, longest);
        again_ = 2 * rest;
        return rest;
    }

private:
    static constexpr base::Milliseconds shortest{1};
    base::Milliseconds again_ = shortest;
};

}  // namespace hatchery::core
