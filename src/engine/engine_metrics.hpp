#pragma once

#include <array>
#include <chrono>
#include <span>
#include <variant>

#include "base/enum_text.hpp"
#include "base/metrics.hpp"
#include "core/job.hpp"
#include "core/outcome.hpp"
#include "ports/job_store.hpp"

namespace hatchery::engine {

/// What the engine counts. The series of successes are found beforehand, so that counting costs
/// an addition. Thread-safe.
class EngineMetrics {
public:
    /// Without a registry nothing is counted.
    explicit EngineMetrics(base::MetricRegistry* registry);

    void step_ran(core::StepKind step, const core::StepOutcome& outcome,
                  std::chrono::steady_clock::duration took) const;
    void jobs_claimed(std::size_t count) const;
    void jobs_rescued(std::size_t count) const;
    /// What one statement wrote, and what it refused.
    void batch_applied(std::span<const base::Result<ports::Applied>> answers) const;

private:
    static constexpr std::size_t steps = base::EnumNames<core::StepKind>::names.size();
    static constexpr std::size_t outcomes = std::variant_size_v<core::StepOutcome>;

    base::MetricRegistry* registry_;
    std::array<std::array<base::Histogram*, outcomes>, steps> durations_{};
    base::Counter* claimed_ = nullptr;
    base::Counter* rescued_ = nullptr;
    base::Counter* stale_ = nullptr;
    base::Histogram* batches_ = nullptr;
};

}  // namespace hatchery::engine
