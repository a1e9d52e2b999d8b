#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/job.hpp"
#include "core/operation.hpp"
#include "core/outcome.hpp"
#include "core/retry.hpp"

namespace hatchery::core {

/// The job is done; `next` follows in the same operation.
struct Advance {
    StepKind next;
    std::string message;
};
/// The job is done and was the last: the operation ends as `state`.
struct Finish {
    OperationState state;
    std::string message;
    std::optional<std::string> result = std::nullopt;
};
/// Nothing to do until `until` or `signal`; costs no attempt.
struct Snooze {
    base::TimePoint until;
    std::optional<std::string> signal;
    std::string why;
};
/// The run failed and is repeated at `at`.
struct Retry {
    base::TimePoint at;
    base::Error error;
};
/// The operation will end as `ending` because of `error`, and first removes what it made.
struct TearDown {
    StepKind first;
    OperationState ending;
    base::Error error;
    base::TimePoint deadline;
};
/// The operation ends as `ending` now; nothing is left to undo, or undoing it failed for good (the
/// reaper goes on with servers that remain).
struct GiveUp {
    OperationState ending;
    base::Error error;
};

using Decision = std::variant<Advance, Finish, Snooze, Retry, TearDown, GiveUp>;

/// Everything that a decision depends on.
struct DecisionInput {
    const Operation& operation;
    const Job& job;
    base::TimePoint now;
    RetryPolicy retry;
    /// How long a teardown may take.
    base::Milliseconds teardown_limit{15 * 60 * 1000};
    /// In [0, 1).
    double jitter = 0.5;
};

/// What follows from a step's outcome. Pure; the tables in tests/unit/core are its description.
[[nodiscard]] Decision decide(const DecisionInput& input, const StepOutcome& outcome);

/// What to do with a job before it is run: an operation that was cancelled or has passed its
/// deadline is not worked on; nothing means run it.
[[nodiscard]] std::optional<Decision> decide_before_run(const DecisionInput& input);

}  // namespace hatchery::core
