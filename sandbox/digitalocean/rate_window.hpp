#pragma once

#include <chrono>
#include <deque>
#include <optional>

namespace hatchery::sandbox::ocean {

/// DigitalOcean's two limits for a token: requests in the last hour, as a window that slides, and
/// in the last minute.
class RateWindow {
public:
    using Clock = std::chrono::system_clock;

    RateWindow() = default;
    /// As if `limit - remaining` requests had just been sent.
    RateWindow(int limit, int remaining, int per_minute, Clock::time_point now);

    enum class Verdict { allowed, hour_used_up, minute_used_up };
    Verdict take(Clock::time_point now);

    [[nodiscard]] int limit() const { return limit_; }
    [[nodiscard]] int remaining() const;
    /// Seconds since 1970 when the oldest request leaves the hour.
    [[nodiscard]] long reset(Clock::time_point now) const;
    /// Seconds until the minute has room again, at least 1.
    [[nodiscard]] long minute_frees_in(Clock::time_point now) const;

private:
    [[nodiscard]] std::size_t sent_since(Clock::time_point moment) const;

    int limit_ = 5000;
    int per_minute_ = 250;
    /// Of requests that were let through, oldest first.
    std::deque<Clock::time_point> sent_;
    /// At the front of `sent_`: counted for the hour only.
    std::size_t made_up_ = 0;
};

}  // namespace hatchery::sandbox::ocean
