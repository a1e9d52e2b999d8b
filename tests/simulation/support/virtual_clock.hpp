#pragma once

#include <algorithm>

#include "base/clock.hpp"

namespace hatchery::simulation {

/// Time that passes only when it is told to. What it shows may differ from what it is, as the
/// clocks of machines do.
class VirtualClock final : public base::Clock {
public:
    /// What the machine whose turn it is sees.
    [[nodiscard]] base::TimePoint now() const override { return now_ + skew_; }
    [[nodiscard]] base::TimePoint true_time() const { return now_; }
    void advance_to(base::TimePoint time) { now_ = std::max(now_, time); }
    void advance(base::Milliseconds by) { now_ += by; }
    [[nodiscard]] base::Milliseconds skew() const { return skew_; }
    void set_skew(base::Milliseconds skew) { skew_ = skew; }

private:
    base::TimePoint now_{std::chrono::hours(24 * 20'000)};
    base::Milliseconds skew_{0};
};

/// The same time without any machine's skew: what the outside lives by.
class TrueClock final : public base::Clock {
public:
    explicit TrueClock(const VirtualClock& clock) : clock_(clock) {}
    [[nodiscard]] base::TimePoint now() const override { return clock_.true_time(); }

private:
    const VirtualClock& clock_;
};

}  // namespace hatchery::simulation
