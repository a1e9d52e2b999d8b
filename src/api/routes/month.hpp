#pragma once

#include <algorithm>
#include <string>

#include "api/body_reader.hpp"
#include "base/clock.hpp"

namespace hatchery::api::routes {

/// A month in UTC.
struct Month {
    /// `2026-11`.
    std::string text;
    base::TimePoint begin;
    base::TimePoint end;

    /// Its end, or `now` if that is earlier; never before its begin.
    [[nodiscard]] base::TimePoint up_to(base::TimePoint now) const {
        return std::max(begin, std::min(end, now));
    }
};

[[nodiscard]] Month month_at(base::TimePoint time);
/// The month that begins `months` before the one of `time`.
[[nodiscard]] Month month_before(base::TimePoint time, int months);
/// The parameter `month`; the month of `now` when it is missing or wrong.
[[nodiscard]] Month read_month(QueryReader& query, base::TimePoint now);

}  // namespace hatchery::api::routes
