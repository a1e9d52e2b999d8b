#include "store/transition_arrays.hpp"

#include "base/encoding.hpp"

namespace hatchery::store {

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
        completion.job.lease.job_id,
        completion.job.lease.token,
        to.job_state,
        to.run_at,
        to.signal,
        base::to_utf8(to.message),
        to.failures,
        to.progress,
        changes_operation(to),
        to.operation_end,
        to.operation_phase,
        to.operation_deadline,
        error_text(to.operation_error),
        to.operation_result,
        to.next_step ? Param(next.id) : Param(std::nullopt),
        to.next_step,
        kept ? Param(next.token) : Param(std::nullopt),
        kept ? Param(to.now + to.lease_for) : Param(std::nullopt),
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
