#pragma once

#include <memory>

#include "engine/engine_ports.hpp"
#include "engine/engine_settings.hpp"
#include "engine/job_runner.hpp"
#include "engine/thread_slots.hpp"

namespace hatchery::engine {

/// Claims jobs and runs them on a pool of threads, renews their leases, frees the jobs of
/// dead workers, and runs the cloud poller and the reaper where this process leads them.
class Engine : public ThreadSlots {
public:
    /// Starts the threads and returns.
    virtual void start() = 0;
    /// New work may be there: looks at once. Thread-safe, never blocks.
    virtual void hint() = 0;
    /// Claims nothing more, lets running steps end or be cut, gives their leases back. Blocks for
    /// at most `limit`; the destructor joins what remains.
    virtual void drain(base::Milliseconds limit) = 0;
};

/// `ports` and `settings` are copied; what they refer to outlives the engine.
[[nodiscard]] std::unique_ptr<Engine> make_engine(const EnginePorts& ports,
                                                  const EngineSettings& settings,
                                                  RunStep run_step = engine::run_step);

}  // namespace hatchery::engine
