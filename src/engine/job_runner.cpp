#include "engine/job_runner.hpp"

#include <array>
#include <chrono>
#include <exception>

#include "base/log.hpp"
#include "base/steady_time.hpp"
#include "core/decide.hpp"
#include "engine/step_context.hpp"
#include "engine/steps/steps.hpp"
#include "engine/transition.hpp"

namespace hatchery::engine {

namespace {

using base::LogLevel;

/// A step's outcome; an exception that got past an adapter's edge is a bug, not a crash.
core::StepOutcome run_guarded(const RunStep& run_step, StepContext& context) {
    try {
        return run_step(context);
    } catch (const std::exception& error) {
        base::log_event(LogLevel::error, "step_threw",
                        {{"bot", context.bot_id().text()},
                         {"step", base::to_text(context.claimed.job.step)},
                         {"what", error.what()}});
        return failed({.kind = base::ErrorKind::internal,
                       .effect = base::Effect::unknown,
                       .message = "Hatchery met a fault of its own in this step.",
                       .next_action = "Report this with Hatchery's log.",
                       .code = "exception",
                       .retry_after = std::nullopt,
                       .context = {}});
    }
}

std::string_view outcome_name(const core::StepOutcome& outcome) {
    if (std::holds_alternative<core::Succeeded>(outcome)) return "succeeded";
    if (std::holds_alternative<core::Waiting>(outcome)) return "waiting";
    return "failed";
}

long milliseconds(std::chrono::steady_clock::duration duration) {
    return static_cast<long>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

struct RunTimes {
    std::chrono::steady_clock::duration whole{};
    std::chrono::steady_clock::duration outside{};
    /// From when the job could have been run to when it was.
    base::Milliseconds late{0};
};

void log_run(const ports::ClaimedJob& claimed, const core::StepOutcome& outcome,
             const RunTimes& times) {
    const bool waiting = std::holds_alternative<core::Waiting>(outcome);
    base::log_event(waiting ? LogLevel::debug : LogLevel::info, "step_run",
                    {{"bot", claimed.job.bot_id.text()},
                     {"operation", claimed.operation.id.text()},
                     {"job", claimed.job.id.text()},
                     {"request", claimed.operation.request_id},
                     {"step", base::to_text(claimed.job.step)},
                     {"attempt", claimed.job.failures + 1},
                     {"outcome", outcome_name(outcome)},
                     {"ms", milliseconds(times.whole)},
                     {"outside_ms", milliseconds(times.outside)},
                     {"late_ms", static_cast<long>(times.late.count())}});
    if (const auto* failure = std::get_if<core::Failed>(&outcome)) {
        base::log_event(LogLevel::warning, "step_failed",
                        {{"bot", claimed.job.bot_id.text()},
                         {"operation", claimed.operation.id.text()},
                         {"job", claimed.job.id.text()},
                         {"request", claimed.operation.request_id},
                         {"step", base::to_text(claimed.job.step)},
                         {"attempt", claimed.job.failures + 1},
                         {"kind", base::to_text(failure->error.kind)},
                         {"code", failure->error.code},
                         {"message", failure->error.message}});
    }
}

bool was_cut(const core::StepOutcome& outcome) {
    const auto* failure = std::get_if<core::Failed>(&outcome);
    return failure != nullptr && failure->error.kind == base::ErrorKind::cancelled;
}

}  // namespace

std::optional<ports::Transition> JobRunner::evaluate(ports::ClaimedJob& claimed,
                                                     const RunSignals& signals) {
    const auto input = [&](double jitter) {
        claimed.operation.cancel_requested =
            claimed.operation.cancel_requested || signals.cancel_requested.load();
        return core::DecisionInput{.operation = claimed.operation,
                                   .job = claimed.job,
                                   .now = ports_.clock.now(),
                                   .retry = settings_.retry,
                                   .teardown_limit = settings_.teardown_limit,
                                   .jitter = jitter};
    };
    if (const auto instead = core::decide_before_run(input(0))) {
        return transition(claimed, *instead, signals, std::nullopt);
    }
    const auto started = base::steady_now();
    const auto late =
        std::chrono::duration_cast<base::Milliseconds>(ports_.clock.now() - claimed.job.run_at);
    StepContext context(ports_, settings_, claimed, signals.stop, signals.patience);
    const core::StepOutcome outcome = run_guarded(run_step_, context);
    const auto took = base::steady_now() - started;
    metrics_.step_ran(claimed.job.step, outcome, took);
    log_run(claimed, outcome, {.whole = took, .outside = context.outside_time(), .late = late});
    if (signals.draining.load() && was_cut(outcome)) {
        const std::array leases{claimed.lease};
        // If the database cannot be told, the lease runs out and the job is rescued.
        (void)ports_.jobs.give_back(leases, ports_.clock.now());
        return std::nullopt;
    }
    std::optional<std::string> progress;
    if (context.progress_known()) progress = base::dump_json(context.progress);
    // Only a failure is tried again at a time by chance, and chance costs a system call.
    const bool chance = std::holds_alternative<core::Failed>(outcome);
    const double jitter = chance ? ports_.random.next_unit() : 0;
    return transition(claimed, core::decide(input(jitter), outcome), signals, std::move(progress));
}

std::optional<ports::ClaimedJob> JobRunner::run(const ports::ClaimedJob& claimed,
                                                const RunSignals& signals) {
    ports::ClaimedJob job = claimed;
    const auto transition = evaluate(job, signals);
    if (!transition) return std::nullopt;
    return next_after(job, ports_.jobs.apply(job, *transition));
}

ports::Transition JobRunner::transition(const ports::ClaimedJob& claimed,
                                        const core::Decision& decision, const RunSignals& signals,
                                        std::optional<std::string> progress) const {
    return make_transition({.claimed = claimed,
                            .now = ports_.clock.now(),
                            .progress = std::move(progress),
                            .lease_for = settings_.lease_for,
                            .keep_next = signals.keep_next && !signals.draining.load()},
                           decision);
}

std::optional<ports::ClaimedJob> next_after(const ports::ClaimedJob& claimed,
                                            base::Result<ports::Applied> applied) {
    if (!applied) {
        // The lease runs out and the job is run again: steps are made for that.
        base::log_event(LogLevel::error, "apply_failed",
                        {{"job", claimed.job.id.text()},
                         {"kind", base::to_text(applied.error().kind)},
                         {"message", applied.error().message}});
        return std::nullopt;
    }
    if (!applied->accepted) {
        base::log_event(
            LogLevel::warning, "stale_result_dropped",
            {{"job", claimed.job.id.text()}, {"step", base::to_text(claimed.job.step)}});
        return std::nullopt;
    }
    return std::move(applied->next);
}

}  // namespace hatchery::engine
