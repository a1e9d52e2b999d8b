#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace hatchery::core {

/// How long runs take of late: the mean of the first ones, then a moving average in which each
/// weighs a sixteenth. Not thread-safe.
class UsualDuration {
public:
    /// No run counts as longer than `most`, so that one which the machine interrupted changes
    /// little.
    explicit UsualDuration(std::chrono::nanoseconds most) : most_(most) {}

    void note(std::chrono::nanoseconds duration) {
        runs_ = std::min(runs_ + 1, remembered);
        usual_ += (std::min(duration, most_) - usual_) / runs_;
    }

    /// Nothing until enough runs are known to tell.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> value() const {
        if (runs_ < telling) return std::nullopt;
        return usual_;
    }

private:
    static constexpr int telling = 4;
    static constexpr int remembered = 16;

    std::chrono::nanoseconds most_;
    std::chrono::nanoseconds usual_{0};
    int runs_ = 0;
};

}  // namespace hatchery::core
