#include "engine/engine_metrics.hpp"

#include <string>

namespace hatchery::engine {

namespace {

/// In the order of StepOutcome.
constexpr std::array<std::string_view, 3> outcome_names = {"succeeded", "waiting", "failed"};

/// From a look at a row to a boot that is waited for on a thread.
const std::vector<double> step_bounds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5,
                                         1,     2.5,   5,    10,   30,  60,   120};
const std::vector<double> batch_bounds = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};

}  // namespace

EngineMetrics::EngineMetrics(base::MetricRegistry* registry) : registry_(registry) {
    static_assert(outcome_names.size() == outcomes);
    if (registry_ == nullptr) return;
    claimed_ = &registry_->counter("hatchery_jobs_claimed_total", "Jobs that this process took.");
    rescued_ = &registry_->counter("hatchery_jobs_rescued_total",
                                   "Jobs whose lease ran out, freed by this process.");
    stale_ = &registry_->counter("hatchery_stale_results_total",
                                 "Results thrown away because their lease was lost.");
    batches_ = &registry_->histogram("hatchery_apply_batch_transitions",
                                     "Transitions written in one statement.", batch_bounds);
    for (const auto& [kind, name] : base::EnumNames<core::StepKind>::names) {
        for (std::size_t outcome = 0; outcome < outcomes; ++outcome) {
            durations_[static_cast<std::size_t>(kind)][outcome] = &registry_->histogram(
                "hatchery_step_duration_seconds", "How long runs of a step held a thread.",
                step_bounds,
                {{"step", std::string(name)}, {"outcome", std::string(outcome_names[outcome])}});
        }
    }
}

void EngineMetrics::step_ran(core::StepKind step, const core::StepOutcome& outcome,
                             std::chrono::steady_clock::duration took) const {
    if (registry_ == nullptr) return;
    durations_[static_cast<std::size_t>(step)][outcome.index()]->observe(
        std::chrono::duration<double>(took).count());
    const auto* failure = std::get_if<core::Failed>(&outcome);
    if (failure == nullptr) return;
    registry_
        ->counter("hatchery_step_failures_total", "Runs of a step that failed, by kind of error.",
                  {{"step", std::string(base::to_text(step))},
                   {"kind", std::string(base::to_text(failure->error.kind))}})
        .add();
}

void EngineMetrics::jobs_claimed(std::size_t count) const {
    if (claimed_ != nullptr) claimed_->add(count);
}

void EngineMetrics::jobs_rescued(std::size_t count) const {
    if (rescued_ != nullptr) rescued_->add(count);
}

void EngineMetrics::batch_applied(std::span<const base::Result<ports::Applied>> answers) const {
    if (registry_ == nullptr) return;
    batches_->observe(static_cast<double>(answers.size()));
    for (const auto& answer : answers) {
        if (answer && !answer->accepted) stale_->add();
    }
}

}  // namespace hatchery::engine
