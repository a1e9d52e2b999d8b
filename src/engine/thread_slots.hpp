#pragma once

namespace hatchery::engine {

/// How much of an engine is in use.
struct EngineLoad {
    /// Threads that run jobs.
    int threads = 0;
    /// Those of them that have a job.
    int busy = 0;
};

/// The threads of an engine, for who counts and sizes them. Thread-safe.
class ThreadSlots {
public:
    virtual ~ThreadSlots() = default;
    [[nodiscard]] virtual EngineLoad load() const = 0;
    /// More threads start at once; of those that are too many each ends after its job. Does not
    /// wait for that.
    virtual void resize(int threads) = 0;
};

}  // namespace hatchery::engine
