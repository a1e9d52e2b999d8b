#pragma once

#include <optional>
#include <stop_token>

#include "engine/pool_settings.hpp"

namespace hatchery::engine {

/// Runs the operator's command when another number of processes is wanted. The caller holds the
/// leadership and calls tick().
class PoolScaler {
public:
    PoolScaler(const PoolPorts& ports, const PoolSettings& settings)
        : ports_(ports), settings_(settings) {}

    /// Runs it if the number has changed since it last worked, or since it failed and the pause is
    /// over. Blocks until the command has ended, or its time is up.
    void tick(int workers, const std::stop_token& stop);
    /// Somebody else may have run it meanwhile: the next tick runs it in any case.
    void begin_anew() { done_.reset(); }

private:
    const PoolPorts& ports_;
    const PoolSettings& settings_;
    std::optional<int> done_;
    std::optional<int> failed_;
    int failures_ = 0;
    base::TimePoint again_at_;
};

}  // namespace hatchery::engine
