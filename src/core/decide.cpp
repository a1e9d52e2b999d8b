#include "core/decide.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/chain.hpp"
#include "core/cloud_budget.hpp"

namespace hatchery::core {

namespace {

using base::Error;
using base::ErrorKind;
using base::to_text;

/// Whoever reads why an operation failed also reads what to do; errors on the way need not say it.
Error with_next_action(const DecisionInput& input, Error error) {
    if (!error.next_action.empty() || error.kind == ErrorKind::cancelled) return error;
    error.next_action = input.operation.kind == OperationKind::destroy
                            ? "Nothing: Hatchery goes on deleting the server by itself."
                            : "Look at the last lines of the log, then try again.";
    return error;
}

/// Ends a forward operation: by way of its teardown where it has one.
Decision turn_back(const DecisionInput& input, OperationState ending, Error error) {
    error = with_next_action(input, std::move(error));
    const auto steps = teardown_steps_of(input.operation.kind);
    if (input.operation.phase == OperationPhase::teardown || steps.empty()) {
        return GiveUp{.ending = ending, .error = std::move(error)};
    }
    return TearDown{.first = steps.front(),
                    .ending = ending,
                    .error = std::move(error),
                    .deadline = input.now + input.teardown_limit};
}

/// The end that an operation in teardown has coming.
OperationState recorded_ending(const Operation& operation) {
    const bool cancelled = operation.error && operation.error->kind == ErrorKind::cancelled;
    return cancelled ? OperationState::cancelled : OperationState::failed;
}

Error cancelled_error() {
    return Error{.kind = ErrorKind::cancelled, .message = "The operation was cancelled."};
}

Error deadline_error(const DecisionInput& input) {
    const auto& operation = input.operation;
    const std::string doing = input.job.message.empty() ? "" : ": " + input.job.message;
    return Error{.kind = ErrorKind::timeout,
                 .message = fmt::format(
                     "The {} did not end within {}; it was at {}{}.", to_text(operation.kind),
                     base::format_duration(operation.deadline_at - operation.created_at),
                     to_text(input.job.step), doing),
                 .next_action = "Look at the last lines of the log, then try again."};
}

Decision after_success(const DecisionInput& input, const Succeeded& success) {
    const auto& operation = input.operation;
    if (const auto next = next_step(operation.kind, operation.phase, input.job.step)) {
        return Advance{.next = *next, .message = success.message};
    }
    const auto ending = operation.phase == OperationPhase::forward ? OperationState::succeeded
                                                                   : recorded_ending(operation);
    return Finish{.state = ending, .message = success.message, .result = success.result};
}

/// A request that was not sent, since others come first: nothing has failed.
bool waits_for_budget(const Failed& failure) {
    return failure.error.kind == ErrorKind::rate_limited &&
           failure.error.code == code_request_budget;
}

Decision after_failure(const DecisionInput& input, const Failed& failure) {
    if (waits_for_budget(failure)) {
        const auto until = input.now + failure.error.retry_after.value_or(std::chrono::seconds(1));
        return Snooze{.until = std::min<base::TimePoint>(until, input.operation.deadline_at),
                      .signal = std::nullopt,
                      .why = failure.error.message};
    }
    const int failures = input.job.failures + 1;
    const bool teardown = input.operation.phase == OperationPhase::teardown ||
                          input.operation.kind == OperationKind::destroy;
    // What removes billed things goes on until its deadline, however often it fails.
    // And being told to wait is no failure of the step's: the deadline bounds it.
    const bool patient = teardown || failure.error.kind == ErrorKind::rate_limited;
    const bool again = failure.again == Again::as_kind_says && is_retryable(failure.error.kind) &&
                       (patient || failures < input.retry.max_failures);
    if (again) {
        const auto at = input.now + retry_delay(input.retry, failures, failure.error, input.jitter);
        if (at < input.operation.deadline_at) return Retry{.at = at, .error = failure.error};
    }
    const auto ending = input.operation.phase == OperationPhase::teardown
                            ? recorded_ending(input.operation)
                            : OperationState::failed;
    return turn_back(input, ending, failure.error);
}

}  // namespace

std::optional<Decision> decide_before_run(const DecisionInput& input) {
    const auto& operation = input.operation;
    if (operation.phase == OperationPhase::forward && operation.cancel_requested) {
        return turn_back(input, OperationState::cancelled, cancelled_error());
    }
    if (input.now >= operation.deadline_at) {
        const auto ending = operation.phase == OperationPhase::teardown ? recorded_ending(operation)
                                                                        : OperationState::failed;
        return turn_back(input, ending, deadline_error(input));
    }
    if (input.job.rescues > input.retry.max_rescues) {
        return turn_back(
            input, OperationState::failed,
            Error{.kind = ErrorKind::internal,
                  .message = fmt::format("The step {} ended its worker {} times.",
                                         base::to_text(input.job.step), input.job.rescues),
                  .next_action = "Report this with the workers' logs."});
    }
    return std::nullopt;
}

Decision decide(const DecisionInput& input, const StepOutcome& outcome) {
    const auto& operation = input.operation;
    if (const auto* success = std::get_if<Succeeded>(&outcome)) {
        const bool last = !next_step(operation.kind, operation.phase, input.job.step);
        // A cancel that comes too late to stop the last step loses only if that step is the end.
        if (!last) {
            if (auto instead = decide_before_run(input)) return *std::move(instead);
        }
        return after_success(input, *success);
    }
    if (auto instead = decide_before_run(input)) return *std::move(instead);
    if (const auto* waiting = std::get_if<Waiting>(&outcome)) {
        return Snooze{.until = std::min(waiting->until, operation.deadline_at),
                      .signal = waiting->signal,
                      .why = waiting->why};
    }
    return after_failure(input, std::get<Failed>(outcome));
}

}  // namespace hatchery::core
