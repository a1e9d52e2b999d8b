#include "sandbox/hetzner/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace hatchery::sandbox {
namespace {

constexpr double kSecondsAnHour = 3600;

}  // namespace

RateLimit::RateLimit(double limit, double remaining)
    : limit_(limit), remaining_(std::min(remaining, limit)) {}

void RateLimit::refill(Clock::time_point now) {
    if (refilled_ != Clock::time_point{}) {
        const double seconds = std::chrono::duration<double>(now - refilled_).count();
        remaining_ = std::min(limit_, remaining_ + seconds * limit_ / kSecondsAnHour);
    }
    refilled_ = now;
}

bool RateLimit::take(Clock::time_point now) {
    refill(now);
    if (remaining_ < 1) {
        return false;
    }
    remaining_ -= 1;
    return true;
}

long RateLimit::full_at(Clock::time_point now) const {
    const double missing = limit_ - remaining_;
    const double seconds = limit_ > 0 ? missing * kSecondsAnHour / limit_ : 0;
    return static_cast<long>(Clock::to_time_t(now)) + static_cast<long>(std::ceil(seconds));
}

}  // namespace hatchery::sandbox
