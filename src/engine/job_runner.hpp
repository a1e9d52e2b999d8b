#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>

#include "core/decide.hpp"
#include "engine/engine_metrics.hpp"
#include "engine/engine_ports.hpp"
#include "engine/engine_settings.hpp"
#include "engine/steps/steps.hpp"
#include "ports/job_store.hpp"

namespace hatchery::engine {

/// What the runner must know about one job while it runs.
struct RunSignals {
    std::stop_token stop;
    /// The job's operation was asked to end after the claim.
    const std::atomic<bool>& cancel_requested;
    /// The process is ending: work that was cut is given back, not counted.
    const std::atomic<bool>& draining;
    /// How long a step may block to see news at once.
    base::Milliseconds patience{0};
    /// Whether the next step may stay with this worker.
    bool keep_next = true;
};

/// What runs a claimed job's step.
using RunStep = std::function<core::StepOutcome(StepContext&)>;

/// Runs one claimed job: decide whether to, run its step, decide what follows. Without threads of
/// its own; several threads may use one runner.
class JobRunner {
public:
    JobRunner(const EnginePorts& ports, const EngineSettings& settings,
              RunStep run_step = engine::run_step)
        : ports_(ports),
          settings_(settings),
          run_step_(std::move(run_step)),
          metrics_(ports.metrics) {}

    /// Runs the job and says what is to be written; nothing when the job was given back. A cancel
    /// that the signals tell of is noted in the job's operation.
    [[nodiscard]] std::optional<ports::Transition> evaluate(ports::ClaimedJob& claimed,
                                                            const RunSignals& signals);
    /// Runs the job and writes what follows under its lease. The next job of the same operation if
    /// this worker holds it now.
    [[nodiscard]] std::optional<ports::ClaimedJob> run(const ports::ClaimedJob& claimed,
                                                       const RunSignals& signals);

private:
    [[nodiscard]] ports::Transition transition(const ports::ClaimedJob& claimed,
                                               const core::Decision& decision,
                                               const RunSignals& signals,
                                               std::optional<std::string> progress) const;

    const EnginePorts& ports_;
    const EngineSettings& settings_;
    RunStep run_step_;
    EngineMetrics metrics_;
};

/// What a written transition came to: the next job, if this worker holds it. Says in the log what
/// was not accepted.
[[nodiscard]] std::optional<ports::ClaimedJob> next_after(const ports::ClaimedJob& claimed,
                                                          base::Result<ports::Applied> applied);

}  // namespace hatchery::engine
