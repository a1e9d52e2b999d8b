#include "store/transition_arrays.hpp"

#include "base/encoding.hpp"
#include "base/json_value.hpp"

namespace hatchery::store {

namespace {

/// Where the operation's row in the queue stands after the transition; one that ends has none.
core::JobState state_after(const ports::Transition& to) {
    if (!to.next_step) return to.job_state;
    return to.keep_next ? core::JobState::running : core::JobState::available;
}

std::int64_t microseconds(base::TimePoint at) {
    return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

/// The job as the list of those that ended has it, see migrations/0002; nothing while it goes on.
std::optional<std::string> ended_job(const ports::Completion& completion) {
    const ports::Transition& to = completion.transition;
    if (!to.next_step && !to.operation_end) return std::nullopt;
    const core::Job& job = completion.job.job;
    const auto started = job.started_at.value_or(to.now);
    return base::dump_json(base::Json::array({job.id.text(), base::to_text(job.step),
                                              base::to_text(to.job_state), to.failures, job.rescues,
                                              microseconds(job.created_at), microseconds(started),
                                              microseconds(to.now), base::to_utf8(to.message)}));
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

void TransitionArrays::add(const ports::Completion& completion) {
    const ports::Transition& to = completion.transition;
    const auto& bot = to.bot;
    const NextJob next{.id = base::make_id<base::JobId>(now_, random_),
                       .token = to.keep_next ? base::make_id<base::LeaseToken>(now_, random_)
                                             : base::LeaseToken()};
    const bool kept = to.next_step && to.keep_next;
    const std::array<Param, column_count> values{
        completion.job.job.operation_id,
        completion.job.lease.token,
        state_after(to),
        to.run_at,
        to.next_step ? std::nullopt : to.signal,
        to.next_step ? std::string() : base::to_utf8(to.message),
        to.next_step ? 0 : to.failures,
        to.progress,
        ended_job(completion),
        to.next_step ? Param(next.id) : Param(std::nullopt),
        to.next_step,
        kept ? Param(next.token) : Param(std::nullopt),
        kept ? Param(to.now + to.lease_for) : Param(std::nullopt),
        changes_operation(to),
        to.operation_end,
        to.operation_phase,
        to.operation_deadline,
        error_text(to.operation_error),
        to.operation_result,
        changes_bot(to),
        bot.status,
        bot.condition.has_value(),
        bot.condition.value_or(std::nullopt),
        bot.reason ? Param(base::to_utf8(*bot.reason)) : Param(std::nullopt),
        bot.deleted,
        static_cast<int>(to.events.size())};
    for (std::size_t i = 0; i < column_count; ++i) columns_[i].push_back(values[i]);
    next_.push_back(next);
    std::int64_t place = 0;
    for (const auto& event : to.events) {
        owners_.push_back(static_cast<std::int64_t>(next_.size()));
        places_.push_back(++place);
        events_.add(event);
    }
}

std::array<std::string, TransitionArrays::column_count> TransitionArrays::texts() const {
    std::array<std::string, column_count> texts;
    for (std::size_t i = 0; i < column_count; ++i) texts[i] = array_text(columns_[i]);
    return texts;
}

}  // namespace hatchery::store
