#include "engine/transition.hpp"

#include <fmt/format.h>

#include <variant>

#include "base/json_value.hpp"
#include "core/step_words.hpp"

namespace hatchery::engine {

namespace {

using core::EventLevel;
using core::EventType;
using core::JobState;
using core::OperationState;

/// Shorter waits are not worth telling: the step counts as running.
constexpr base::Milliseconds short_snooze{2'000};

class Builder {
public:
    explicit Builder(const TransitionInput& input) : input_(input) {
        out_.now = input.now;
        out_.progress = input.progress;
        out_.lease_for = input.lease_for;
        out_.failures = job().failures;
        out_.message = job().message;
    }

    ports::Transition operator()(const core::Advance& advance) {
        end_job(JobState::succeeded, advance.message);
        begin_next(advance.next);
        return std::move(out_);
    }

    ports::Transition operator()(const core::Finish& finish) {
        end_job(JobState::succeeded, finish.message);
        end_operation(finish.state, operation().error);
        out_.operation_result = finish.result;
        return std::move(out_);
    }

    ports::Transition operator()(const core::Snooze& snooze) {
        const bool brief = !snooze.signal && snooze.until - input_.now < short_snooze;
        out_.job_state = brief ? JobState::available : JobState::waiting;
        out_.run_at = snooze.until;
        out_.signal = snooze.signal;
        out_.message = snooze.why;
        if (snooze.why != job().message) add_step_event(EventLevel::info, brief, snooze.why);
        return std::move(out_);
    }

    ports::Transition operator()(const core::Retry& retry) {
        out_.job_state = JobState::waiting;
        out_.run_at = retry.at;
        out_.failures = job().failures + 1;
        out_.message = fmt::format("{} Trying again in {}.", retry.error.message,
                                   base::format_duration(retry.at - input_.now));
        add_step_event(EventLevel::warning, false, out_.message);
        return std::move(out_);
    }

    ports::Transition operator()(const core::TearDown& teardown) {
        end_job(ended_by(teardown.error), teardown.error.message, sentence(teardown.error));
        out_.failures = job().failures + 1;
        out_.operation_phase = core::OperationPhase::teardown;
        out_.operation_deadline = teardown.deadline;
        out_.operation_error = teardown.error;
        add_status_event(EventLevel::warning, "Removing what was made.", std::nullopt);
        begin_next(teardown.first);
        return std::move(out_);
    }

    ports::Transition operator()(const core::GiveUp& give_up) {
        end_job(ended_by(give_up.error), give_up.error.message);
        out_.failures = job().failures + 1;
        // A teardown that fails keeps the cause it began with: that is what the user must mend.
        end_operation(give_up.ending, operation().error ? operation().error : give_up.error);
        return std::move(out_);
    }

private:
    [[nodiscard]] const core::Job& job() const { return input_.claimed.job; }
    [[nodiscard]] const core::Operation& operation() const { return input_.claimed.operation; }

    static JobState ended_by(const base::Error& error) {
        return error.kind == base::ErrorKind::cancelled ? JobState::cancelled : JobState::failed;
    }

    static std::string sentence(const base::Error& error) {
        return error.next_action.empty() ? error.message : error.message + " " + error.next_action;
    }

    void end_job(JobState state, const std::string& message) { end_job(state, message, message); }

    /// `told` is what the story says of it.
    void end_job(JobState state, const std::string& message, const std::string& told) {
        out_.job_state = state;
        out_.message = message;
        const auto level = state == JobState::failed ? EventLevel::error : EventLevel::info;
        add_step_event(level, false, told);
    }

    void begin_next(core::StepKind next) {
        out_.next_step = next;
        out_.keep_next = input_.keep_next;
        if (!tells(EventLevel::info)) return;
        base::Json data = {{"step", base::to_text(next)},
                           {"state", base::to_text(JobState::running)},
                           {"attempt", 1},
                           {"operationId", operation().id.text()}};
        add(EventType::step, EventLevel::info, fmt::format("{} begins", core::step_words(next)),
            data, next);
    }

    void end_operation(OperationState state, const std::optional<base::Error>& error) {
        out_.operation_end = state;
        if (state != OperationState::succeeded) out_.operation_error = error;
        const std::string reason =
            state != OperationState::succeeded && error ? error->message : std::string();
        out_.bot = core::on_operation_ended(operation().kind, state, reason);
        const auto level = state == OperationState::failed ? EventLevel::error : EventLevel::info;
        std::string message =
            fmt::format("{} {}", base::to_text(operation().kind), base::to_text(state));
        if (state != OperationState::succeeded && error) message += ": " + sentence(*error);
        add_status_event(level, message, out_.bot.status);
    }

    void add_step_event(EventLevel level, bool running, const std::string& message) {
        if (!tells(level)) return;
        const std::string_view state =
            running ? base::to_text(JobState::running) : base::to_text(out_.job_state);
        base::Json data = {{"step", base::to_text(job().step)},
                           {"state", state},
                           {"attempt", job().failures + 1},
                           {"operationId", operation().id.text()}};
        add(EventType::step, level, message, data, job().step);
    }

    void add_status_event(EventLevel level, const std::string& message,
                          std::optional<core::BotStatus> status) {
        if (!tells(level)) return;
        base::Json data = {
            {"operation",
             {{"id", operation().id.text()},
              {"kind", base::to_text(operation().kind)},
              {"state", base::to_text(out_.operation_end.value_or(OperationState::running))}}}};
        if (status) data["status"] = base::to_text(*status);
        add(EventType::status, level, message, data, job().step);
    }

    /// A chat has its result; the bot's story tells only of one that went wrong.
    [[nodiscard]] bool tells(EventLevel level) const {
        return operation().kind != core::OperationKind::chat || level == EventLevel::error;
    }

    void add(EventType type, EventLevel level, const std::string& message, const base::Json& data,
             core::StepKind step) {
        out_.events.push_back({.type = type,
                               .level = level,
                               .step = step,
                               .stream = core::EventStream::engine,
                               .message = message,
                               .at = input_.now,
                               .data = base::dump_json(data)});
    }

    const TransitionInput& input_;
    ports::Transition out_;
};

}  // namespace

ports::Transition make_transition(const TransitionInput& input, const core::Decision& decision) {
    return std::visit(Builder(input), decision);
}

}  // namespace hatchery::engine
