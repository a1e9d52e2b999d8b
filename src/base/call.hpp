#pragma once

#include <chrono>
#include <stop_token>

#include "base/steady_time.hpp"

namespace hatchery::base {

/// What bounds one call to the outside: it ends by the deadline, or soon after a stop is asked.
struct Call {
    SteadyTime deadline;
    std::stop_token stop;

    [[nodiscard]] static Call within(std::chrono::milliseconds limit, std::stop_token stop = {}) {
        return {steady_now() + limit, std::move(stop)};
    }
    /// Time left, never negative.
    [[nodiscard]] std::chrono::milliseconds left() const {
        const auto rest =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_now());
        return rest.count() > 0 ? rest : std::chrono::milliseconds{0};
    }
    /// The same stop token with a deadline no later than `limit` from now.
    [[nodiscard]] Call at_most(std::chrono::milliseconds limit) const {
        const auto sooner = steady_now() + limit;
        return {sooner < deadline ? sooner : deadline, stop};
    }
    [[nodiscard]] bool over() const { return stop.stop_requested() || left().count() == 0; }
};

}  // namespace hatchery::base
