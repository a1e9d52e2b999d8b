#include "core/poll_plan.hpp"

#include <algorithm>

namespace hatchery::core {

namespace {

using namespace std::chrono_literals;

/// No provider's server answers sooner; its own SSH port tells earlier than a list would.
constexpr auto first_look = 8s;
constexpr auto interval = 5s;
constexpr auto late_after = 2min;
constexpr auto late_interval = 15s;

}  // namespace

std::optional<base::TimePoint> next_look(std::span<const base::TimePoint> booting_since,
                                         std::optional<base::TimePoint> last_look,
                                         base::TimePoint now) {
    if (booting_since.empty()) return std::nullopt;
    const auto [oldest, youngest] = std::ranges::minmax_element(booting_since);
    const auto earliest = *oldest + first_look;
    if (!last_look) return earliest;
    const bool all_late = now - *youngest > late_after;
    return std::max(earliest, *last_look + (all_late ? late_interval : interval));
}

}  // namespace hatchery::core
