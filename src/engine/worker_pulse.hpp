#pragma once

#include <atomic>
#include <functional>
#include <mutex>

#include "engine/pool_settings.hpp"
#include "engine/thread_slots.hpp"

namespace hatchery::engine {

/// The heartbeat of this process. With each beat it learns what was counted for all, shows it as
/// metrics, and gives its own threads the size that its share of the queue asks for. Thread-safe.
class WorkerPulse {
public:
    WorkerPulse(const PoolPorts& ports, const PoolSettings& settings, ThreadSlots& slots);

    /// One beat. Failures are logged; the next beat comes anyway.
    void beat();
    /// From now on the beats say that this process takes nothing more; sends one.
    void drain();
    /// The row goes; no beat may follow.
    void leave();

private:
    void size_threads(const core::QueueStatus& status, const EngineLoad& load);
    void show(const core::QueueStatus& status);
    void show(const EngineLoad& load);

    const PoolPorts& ports_;
    const PoolSettings& settings_;
    ThreadSlots& slots_;
    std::mutex mutex_;
    core::PoolMemory memory_;
    bool draining_ = false;
    bool failing_ = false;
};

}  // namespace hatchery::engine
