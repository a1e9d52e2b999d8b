#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/bot_transitions.hpp"
#include "core/chat.hpp"
#include "core/event.hpp"
#include "core/job.hpp"
#include "core/operation.hpp"

namespace hatchery::ports {

/// The right to work on one job. Every write names the token; once the job has another, or none,
/// the write has no effect.
struct Lease {
    base::JobId job_id;
    base::LeaseToken token;
    base::TimePoint until;
    base::OperationId operation_id;
};

/// A job that this worker holds, with its operation as it was at the claim.
struct ClaimedJob {
    Lease lease;
    core::Job job;
    core::Operation operation;
};

struct ClaimRequest {
    base::WorkerId worker;
    int limit = 1;
    base::Milliseconds lease_for{30'000};
    base::TimePoint now;
    /// What the worker offers: a JSON object as text. Jobs that require more are left to others.
    std::string capabilities = "{}";
};

/// Everything that one decision writes, in one transaction, if the lease still stands. A job that
/// ends is followed by another or ends its operation.
struct Transition {
    base::TimePoint now;
    core::JobState job_state = core::JobState::succeeded;
    /// For `available` and `waiting`: when to run again.
    base::TimePoint run_at;
    std::optional<std::string> signal;
    std::string message;
    int failures = 0;
    /// The step's memory; kept as it is when unset.
    std::optional<std::string> progress;
    /// Set when the operation ends. While it lives its state follows from its job.
    std::optional<core::OperationState> operation_end;
    /// JSON as text, kept with an operation that ends.
    std::optional<std::string> operation_result;
    std::optional<core::OperationPhase> operation_phase;
    std::optional<base::TimePoint> operation_deadline;
    std::optional<base::Error> operation_error;
    /// The job that follows; with `keep_next` it is leased to the same worker at once. It keeps the
    /// place in line of the one before.
    std::optional<core::StepKind> next_step;
    bool keep_next = false;
    base::Milliseconds lease_for{30'000};
    core::BotChange bot;
    std::vector<core::NewEvent> events;
};

/// What is wrong with a transition that no step should come to; nothing if it can be written.
[[nodiscard]] inline std::optional<std::string> why_impossible(const Transition& transition) {
    switch (transition.job_state) {
        case core::JobState::running:
            return "A transition cannot leave its job running.";
        case core::JobState::available:
        case core::JobState::waiting:
            if (!transition.next_step && !transition.operation_end) return std::nullopt;
            return "A job that goes on has none after it, and its operation does not end.";
        case core::JobState::succeeded:
        case core::JobState::failed:
        case core::JobState::cancelled:
            if (transition.next_step.has_value() != transition.operation_end.has_value()) {
                return std::nullopt;
            }
            return "A job that ends is followed by another or ends its operation.";
    }
    return std::nullopt;
}

struct Applied {
    /// False: the lease was lost, nothing was written, the result is thrown away.
    bool accepted = false;
    /// The next job, if it was asked for with keep_next.
    std::optional<ClaimedJob> next;
};

/// A job that was run, and what follows from it.
struct Completion {
    ClaimedJob job;
    Transition transition;
};

/// What a new chat does to the live chats of its bot.
enum class EarlierChats : std::uint8_t {
    keep,    ///< it stands in line behind them
    cancel,  ///< they are asked to end, and it goes when they have
};

struct NewOperation {
    /// Chosen by the store if empty.
    base::OperationId id;
    base::BotId bot_id;
    base::UserId user_id;
    core::OperationKind kind = core::OperationKind::deploy;
    base::TimePoint now;
    base::TimePoint deadline_at;
    int priority = 0;
    /// A JSON object as text; core::Operation says what it is for.
    std::string payload = "{}";
    /// What a worker must offer: a JSON object as text, see core/requirements.hpp.
    std::string requirements = "{}";
    EarlierChats earlier_chats = EarlierChats::keep;
    /// Of the request that asks for it.
    std::string request_id;
    /// Only if the bot's settings have this version.
    std::optional<std::int64_t> if_settings_version;
};

/// The persisted jobs. Thread-safe; every call is one short transaction; `unavailable` when the
/// database cannot be reached, and the caller goes on later.
class JobStore {
public:
    virtual ~JobStore() = default;

    /// Creates the operation, its first job and the bot's change; `conflict` with the live
    /// operation's id in `code` when the bot has one, or with a sentence when the bot's status
    /// does not allow it; with the code `other_version`, before either, when its settings have
    /// another version than was asked for; `not_found` when there is no such bot. A chat changes
    /// nothing of the bot, and any number of them may live beside another operation. Each job that
    /// its user has in line already puts the new one further back (core/line.hpp).
    ///
    /// The chats of a bot stand in the order of their `created_at`, which is later than that of all
    /// that live; `rate_limited` when core::max_live_chats live already.
    [[nodiscard]] virtual base::Result<core::Operation> start_operation(
        const NewOperation& request) = 0;
    /// Marks the operation so that its next run turns back, and brings that run forward.
    /// `conflict` when it has ended or cannot be cancelled.
    [[nodiscard]] virtual base::Result<void> request_cancel(const base::OperationId& operation,
                                                            base::TimePoint now) = 0;

    /// Takes jobs whose time has come and whose requirements are met: highest priority first,
    /// oldest place in line first within it.
    [[nodiscard]] virtual base::Result<std::vector<ClaimedJob>> claim(
        const ClaimRequest& request) = 0;
    /// Extends the leases; returns those that still stand. `cancelled` lists jobs whose operation
    /// was asked to end meanwhile, so that their runs can be stopped.
    struct Renewed {
        std::vector<base::JobId> kept;
        std::vector<base::JobId> cancelled;
    };
    [[nodiscard]] virtual base::Result<Renewed> renew(std::span<const Lease> leases,
                                                      base::TimePoint until) = 0;
    /// Writes many transitions at once, each under its own lease and none for the sake of another.
    /// The answers stand in the order of the completions; with an error nothing was written, or it
    /// is unknown, and writing the same again is safe: it has no effect the second time.
    [[nodiscard]] virtual std::vector<base::Result<Applied>> apply_all(
        std::span<const Completion> completions) = 0;
    [[nodiscard]] base::Result<Applied> apply(const ClaimedJob& job, const Transition& transition) {
        const Completion completion{.job = job, .transition = transition};
        return std::move(apply_all({&completion, 1}).front());
    }
    /// Gives jobs back as if they had not been claimed (drain).
    [[nodiscard]] virtual base::Result<void> give_back(std::span<const Lease> leases,
                                                       base::TimePoint now) = 0;
    /// Frees jobs whose lease ran out; returns how many.
    [[nodiscard]] virtual base::Result<int> rescue(base::TimePoint now) = 0;

    /// Appends events and, in the same transaction, replaces the job's progress, so that a log
    /// offset and its lines never part. `conflict` when the lease is lost.
    [[nodiscard]] virtual base::Result<void> record(const Lease& lease,
                                                    std::span<const core::NewEvent> events,
                                                    const std::optional<std::string>& progress) = 0;

    /// Who stands first among the live chats of a bot, and what else goes on there. When a chat
    /// ends, the first of those that wait for core::chat_signal is brought forward.
    [[nodiscard]] virtual base::Result<core::ChatLine> chat_line(const base::BotId& bot) = 0;

    /// Brings forward the waiting jobs that named this signal; returns how many.
    [[nodiscard]] virtual base::Result<int> raise(const std::string& signal,
                                                  base::TimePoint now) = 0;
    /// When a worker with these capabilities can claim its next job; nothing when there is none.
    [[nodiscard]] virtual base::Result<std::optional<base::TimePoint>> next_due(
        const std::string& capabilities) = 0;
};

}  // namespace hatchery::ports
