#include "sandbox/digitalocean/rate_window.hpp"

#include <algorithm>

namespace hatchery::sandbox::ocean {
namespace {

using std::chrono::seconds;

constexpr seconds kHour{3600};
constexpr seconds kMinute{60};

}  // namespace

RateWindow::RateWindow(int limit, int remaining, int per_minute, Clock::time_point now)
    : limit_(limit),
      per_minute_(per_minute > 0 ? per_minute : 250),
      sent_(static_cast<std::size_t>(std::max(0, limit - remaining)), now),
      made_up_(sent_.size()) {}

std::size_t RateWindow::sent_since(Clock::time_point moment) const {
    const auto first = sent_.begin() + static_cast<std::ptrdiff_t>(made_up_);
    return static_cast<std::size_t>(
        std::distance(std::upper_bound(first, sent_.end(), moment), sent_.end()));
}

RateWindow::Verdict RateWindow::take(Clock::time_point now) {
    while (!sent_.empty() && sent_.front() <= now - kHour) {
        sent_.pop_front();
        made_up_ -= std::min<std::size_t>(made_up_, 1);
    }
    if (remaining() <= 0) {
        return Verdict::hour_used_up;
    }
    if (sent_since(now - kMinute) >= static_cast<std::size_t>(per_minute_)) {
        return Verdict::minute_used_up;
    }
    sent_.push_back(now);
    return Verdict::allowed;
}

int RateWindow::remaining() const { return std::max(0, limit_ - static_cast<int>(sent_.size())); }

long RateWindow::reset(Clock::time_point now) const {
    const auto oldest = sent_.empty() ? now : sent_.front();
    return static_cast<long>(Clock::to_time_t(oldest + kHour));
}

long RateWindow::minute_frees_in(Clock::time_point now) const {
    const std::size_t recent = sent_since(now - kMinute);
    if (recent == 0) {
        return 1;
    }
    const auto oldest = *(sent_.end() - static_cast<std::ptrdiff_t>(recent));
    const auto left = std::chrono::ceil<seconds>(oldest + kMinute - now);
    return std::max<long>(1, static_cast<long>(left.count()));
}

}  // namespace hatchery::sandbox::ocean
