#include "engine/engine_metrics.hpp"

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

namespace {

bool has(const base::MetricRegistry& metrics, const std::string& line) {
    return metrics.text().find(line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("runs of steps are counted by step and outcome, failures by kind of error") {
    base::MetricRegistry metrics;
    const engine::EngineMetrics counted(&metrics);
    counted.step_ran(core::StepKind::start_bot, core::Succeeded{}, 20ms);
    counted.step_ran(core::StepKind::start_bot, core::Waiting{}, 3s);
    counted.step_ran(core::StepKind::start_bot,
                     core::Failed{{.kind = base::ErrorKind::timeout, .message = "late"}}, 90s);
    CHECK(has(metrics, R"(hatchery_step_duration_seconds_bucket{step="start_bot",)"
                       R"(outcome="succeeded",le="0.05"} 1)"));
    CHECK(has(metrics,
              R"(hatchery_step_duration_seconds_sum{step="start_bot",outcome="waiting"} 3)"));
    CHECK(has(metrics,
              R"(hatchery_step_duration_seconds_count{step="start_bot",outcome="failed"} 1)"));
    CHECK(has(metrics, R"(hatchery_step_failures_total{step="start_bot",kind="timeout"} 1)"));
}

TEST_CASE("claims, rescues, batches and refused results are counted") {
    base::MetricRegistry metrics;
    const engine::EngineMetrics counted(&metrics);
    counted.jobs_claimed(3);
    counted.jobs_rescued(2);
    const std::vector<base::Result<ports::Applied>> answers{
        ports::Applied{.accepted = true}, ports::Applied{.accepted = false},
        base::fail(base::ErrorKind::unavailable, "gone")};
    counted.batch_applied(answers);
    CHECK(has(metrics, "hatchery_jobs_claimed_total 3"));
    CHECK(has(metrics, "hatchery_jobs_rescued_total 2"));
    CHECK(has(metrics, "hatchery_stale_results_total 1"));
    CHECK(has(metrics, R"(hatchery_apply_batch_transitions_bucket{le="2"} 0)"));
    CHECK(has(metrics, R"(hatchery_apply_batch_transitions_bucket{le="4"} 1)"));
}

TEST_CASE("without a registry nothing is counted, and nothing breaks") {
    const engine::EngineMetrics counted(nullptr);
    counted.step_ran(core::StepKind::start_bot, core::Failed{}, 1ms);
    counted.jobs_claimed(1);
    counted.jobs_rescued(1);
    counted.batch_applied({});
}
