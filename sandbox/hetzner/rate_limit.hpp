#pragma once

#include <chrono>

namespace hatchery::sandbox {

/// Hetzner's rate limit of one project: a bucket that holds `limit` requests and refills evenly,
/// `limit` an hour.
class RateLimit {
public:
    using Clock = std::chrono::system_clock;

    static constexpr double kDefaultLimit = 3600;

    explicit RateLimit(double limit = kDefaultLimit, double remaining = kDefaultLimit);

    /// Takes one request; false when there is none left.
    bool take(Clock::time_point now);
    [[nodiscard]] long limit() const { return static_cast<long>(limit_); }
    [[nodiscard]] long remaining() const { return static_cast<long>(remaining_); }
    /// When the bucket will be full again, in UNIX seconds, if nothing is taken until then.
    [[nodiscard]] long full_at(Clock::time_point now) const;

private:
    void refill(Clock::time_point now);

    double limit_;
    double remaining_;
    Clock::time_point refilled_{};
};

}  // namespace hatchery::sandbox
