#pragma once

#include <memory>

#include "engine/pool_settings.hpp"
#include "engine/thread_slots.hpp"

namespace hatchery::engine {

/// The care for the pool of workers: this process's heartbeat and threads, and, where this process
/// leads, the count of the queue, alarms, blocked jobs and the number of processes. It runs beside
/// the engine and not in it, so that it works also where the engine has no threads.
class PoolWatch {
public:
    virtual ~PoolWatch() = default;
    /// Registers this process, starts the threads and returns. The engine has been started.
    virtual void start() = 0;
    /// Says that this process takes nothing more, and lets another one lead. Blocks for a moment.
    virtual void drain() = 0;
    /// Ends the threads and removes this process's row. Blocks for a moment.
    virtual void stop() = 0;
};

/// `ports` and `settings` are copied; what they refer to, and the slots, outlive it.
[[nodiscard]] std::unique_ptr<PoolWatch> make_pool_watch(const PoolPorts& ports,
                                                         PoolSettings settings, ThreadSlots& slots);

}  // namespace hatchery::engine
