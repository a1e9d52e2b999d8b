#pragma once

#include <stop_token>

#include "engine/pool_settings.hpp"

namespace hatchery::engine {

/// Tells the operator's webhook of alarms, raised and cleared, each at least once. The caller holds
/// the leadership and calls tick().
class AlarmCourier {
public:
    AlarmCourier(const PoolPorts& ports, const PoolSettings& settings)
        : ports_(ports), settings_(settings) {}

    /// Tells what is to be told now. Blocks for the webhook's answers.
    void tick(const std::stop_token& stop);

private:
    [[nodiscard]] base::Result<void> tell(const ports::AlarmNews& news,
                                          const std::stop_token& stop);

    const PoolPorts& ports_;
    const PoolSettings& settings_;
};

}  // namespace hatchery::engine
