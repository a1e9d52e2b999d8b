#include "store/transition_arrays.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/json_value.hpp"

namespace hatchery::store {

namespace {

using enum ElementType;

/// Where the operation's row in the queue stands after the transition.
core::JobState state_after(const ports::Transition& to) {
    if (!to.next_step) return to.job_state;
    return to.keep_next ? core::JobState::running : core::JobState::available;
}

std::int64_t microseconds(base::TimePoint at) {
    return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

/// The job as a line of those that ended, see migrations/0002.
std::string ended_job(const ports::Completion& completion) {
    const ports::Transition& to = completion.transition;
    const core::Job& job = completion.job.job;
    const std::string message =
        to.message.empty() ? R"("")" : base::dump_json(base::Json(base::to_utf8(to.message)));
    return fmt::format(
        "[\"{}\",\"{}\",\"{}\",{},{},{},{},{},{}]\n", job.id.text(), base::to_text(job.step),
        base::to_text(to.job_state), to.failures, job.rescues, microseconds(job.created_at),
        microseconds(job.started_at.value_or(to.now)), microseconds(to.now), message);
}

/// Adds a row: to each column its value.
template <typename... Values>
void push(std::vector<BinaryArray>& columns, const Values&... values) {
    std::size_t i = 0;
    (columns.at(i++).add(values), ...);
}

std::vector<BinaryArray> columns_of(std::initializer_list<ElementType> types) {
    return {types.begin(), types.end()};
}

void append(std::vector<Param>& parameters, const std::vector<BinaryArray>& columns) {
    for (const auto& column : columns) parameters.push_back(column.param());
}

}  // namespace

bool changes_bot(const ports::Transition& transition) {
    const auto& bot = transition.bot;
    return !transition.events.empty() || bot.status || bot.condition || bot.reason || bot.deleted ||
           bot.abandons_server;
}

bool changes_operation(const ports::Transition& transition) {
    return transition.operation_end || transition.operation_phase ||
           transition.operation_deadline || transition.operation_error ||
           transition.operation_result;
}

// The types are those of the statement's parameters.
TransitionArrays::TransitionArrays(base::TimePoint now, base::Random& random)
    : now_(now),
      random_(random),
      moved_(columns_of({integer, uuid, uuid, text, timestamptz, text, text, integer, text, text,
                         uuid, text, uuid, timestamptz})),
      gone_(columns_of({integer, uuid, uuid, text, text, text})),
      said_(columns_of({integer, text, timestamptz, text})),
      bots_(columns_of({integer, text, boolean, text, text, boolean, integer})),
      owners_(columns_of({integer, integer})) {}

void TransitionArrays::add(const ports::Completion& completion) {
    const ports::Transition& to = completion.transition;
    const int number = static_cast<int>(next_.size());
    next_.emplace_back();
    if (to.operation_end) {
        add_gone(number, completion);
    } else {
        add_moved(number, completion);
    }
    if (to.operation_phase || to.operation_deadline || to.operation_error) add_said(number, to);
    if (changes_bot(to)) add_bot(number, to);
    int place = 0;
    for (const auto& event : to.events) {
        push(owners_, number, ++place);
        events_.add(event);
    }
}

void TransitionArrays::add_moved(int number, const ports::Completion& completion) {
    const ports::Transition& to = completion.transition;
    const auto& operation = completion.job.job.operation_id;
    const auto& token = completion.job.lease.token;
    constexpr auto none = std::nullopt;
    if (!to.next_step) {
        push(moved_, number, operation, token, to.job_state, to.run_at, to.signal,
             base::to_utf8(to.message), to.failures, to.progress, none, none, none, none, none);
        return;
    }
    NextJob& next = next_[static_cast<std::size_t>(number)];
    next.id = base::make_id<base::JobId>(now_, random_);
    std::optional<base::TimePoint> leased_until;
    if (to.keep_next) {
        next.token = base::make_id<base::LeaseToken>(now_, random_);
        leased_until = to.now + to.lease_for;
    }
    push(moved_, number, operation, token, state_after(to), none, none, "", 0, none,
         ended_job(completion), next.id, to.next_step, next.token, leased_until);
}

void TransitionArrays::add_gone(int number, const ports::Completion& completion) {
    const ports::Transition& to = completion.transition;
    push(gone_, number, completion.job.job.operation_id, completion.job.lease.token,
         to.operation_end, ended_job(completion), to.operation_result);
}

void TransitionArrays::add_said(int number, const ports::Transition& to) {
    push(said_, number, to.operation_phase, to.operation_deadline, error_text(to.operation_error));
}

void TransitionArrays::add_bot(int number, const ports::Transition& to) {
    const auto& bot = to.bot;
    std::optional<std::string> reason;
    if (bot.reason) reason = base::to_utf8(*bot.reason);
    push(bots_, number, bot.status, bot.condition.has_value(), bot.condition.value_or(std::nullopt),
         reason, bot.deleted, static_cast<int>(to.events.size()));
}

std::vector<Param> TransitionArrays::parameters() const {
    std::vector<Param> parameters{Param(now_)};
    append(parameters, moved_);
    append(parameters, gone_);
    append(parameters, said_);
    append(parameters, bots_);
    append(parameters, owners_);
    for (auto& text : events_.texts()) parameters.emplace_back(std::move(text));
    return parameters;
}

}  // namespace hatchery::store
