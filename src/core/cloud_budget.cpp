#include "core/cloud_budget.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hatchery::core {

namespace {

using namespace std::chrono_literals;
using base::Milliseconds;
using base::TimePoint;
using Shape = RequestLimit::Shape;

constexpr int slots_per_window = 12;
constexpr Milliseconds longest_wait = 10min;
constexpr Milliseconds first_pause = 1s;
constexpr Milliseconds longest_pause = 60s;
/// A create is over after a second or two.
constexpr Milliseconds create_place_wait = 500ms;
/// Answers that overtake one another, and what refills meanwhile: no news.
constexpr long usual_difference = 5;

double seconds_of(std::chrono::microseconds time) {
    return std::chrono::duration<double>(time).count();
}

/// What a provider states beyond it is a mistake; our own idea of its limit stays.
constexpr long largest_stated = 1'000'000'000;

std::chrono::microseconds slot_length(const RequestLimit& limit) {
    return std::chrono::microseconds(limit.window) / slots_per_window;
}

std::int64_t slot_at(const RequestLimit& limit, TimePoint now) {
    return now.time_since_epoch() / slot_length(limit);
}

long size_of(const BudgetPolicy& policy, const BudgetState& state, std::size_t place) {
    if (place == 0 && state.stated_limit) return *state.stated_limit;
    return policy.limits[place].requests;
}

/// Brings the state to `now`: buckets refill, old slots and dead creates are forgotten.
void move_on(const BudgetPolicy& policy, BudgetState& state, TimePoint now) {
    state.used.resize(policy.limits.size());
    // A clock that was set back refills nothing.
    const auto passed = state.at == TimePoint{} ? 0us : std::max(0us, now - state.at);
    state.at = std::max(state.at, now);
    for (std::size_t i = 0; i < policy.limits.size(); ++i) {
        const auto& limit = policy.limits[i];
        const auto size = static_cast<double>(size_of(policy, state, i));
        auto& use = state.used[i];
        if (limit.shape == Shape::bucket) {
            const double refilled = size * seconds_of(passed) / seconds_of(limit.window);
            use.left = std::clamp(use.left.value_or(size) + refilled, 0.0, size);
        } else {
            // One slot more than the window, since the oldest is in it with a part.
            std::erase_if(use.slots, [&, oldest = slot_at(limit, now) - slots_per_window](
                                         const auto& slot) { return slot.first < oldest; });
        }
    }
    std::erase_if(state.creates, [&](const auto& create) { return create.second <= now; });
    if (state.paused_until && *state.paused_until <= now) state.paused_until.reset();
}

double left_in(const RequestLimit& limit, const LimitUse& use, long size) {
    if (limit.shape == Shape::bucket) return use.left.value_or(static_cast<double>(size));
    long sum = 0;
    for (const auto& [slot, count] : use.slots) sum += count;
    return static_cast<double>(size - sum);
}

Milliseconds to_milliseconds(std::chrono::microseconds time) {
    return std::chrono::ceil<Milliseconds>(time);
}

/// Until so many more than now are left.
Milliseconds until_left(const RequestLimit& limit, const LimitUse& use, long size, double missing,
                        TimePoint now) {
    if (limit.shape == Shape::bucket) {
        const double per_second = static_cast<double>(size) / seconds_of(limit.window);
        return Milliseconds(static_cast<long long>(std::ceil(missing / per_second * 1000)));
    }
    double freed = 0;
    for (const auto& [slot, count] : use.slots) {
        freed += static_cast<double>(count);
        if (freed < missing) continue;
        const TimePoint gone{slot_length(limit) * (slot + slots_per_window + 1)};
        return to_milliseconds(gone - now);
    }
    return longest_wait;
}

/// The time of one more request of this limit.
Milliseconds step_of(const RequestLimit& limit, long size) {
    return Milliseconds(static_cast<long long>(
        std::ceil(1000.0 * seconds_of(limit.window) / static_cast<double>(std::max(1L, size)))));
}

BudgetAnswer refuse(BudgetState state, const BudgetAsk& ask, TimePoint earliest, Milliseconds step,
                    TimePoint now, std::string why) {
    TimePoint at = earliest;
    if (ask.comes_back) {
        const auto& promised = state.promised[static_cast<std::size_t>(ask.urgency)];
        if (promised && *promised > now) at = std::max(at, *promised + step);
    }
    // Whoever it is looks again by then: what a provider states may be a mistake of its own.
    at = std::min<TimePoint>(at, now + longest_wait);
    if (ask.comes_back) state.promised[static_cast<std::size_t>(ask.urgency)] = at;
    ++state.delayed[static_cast<std::size_t>(ask.urgency)];
    BudgetAnswer answer;
    answer.wait = std::max<Milliseconds>(1ms, to_milliseconds(at - now));
    answer.why = std::move(why);
    answer.state = std::move(state);
    return answer;
}

std::string spent(double left, long size, Milliseconds window, Urgency urgency) {
    return fmt::format("{} of {} requests per {} are left, and a {} leaves the last {} to others",
                       static_cast<long>(left), size, base::format_duration(window),
                       base::to_text(urgency), kept_back(urgency, size));
}

}  // namespace

BudgetPolicy usual_budget(const std::string& provider) {
    if (provider == "hetzner") {
        return {.limits = {{.shape = Shape::bucket, .requests = 3'600, .window = 3'600s}}};
    }
    if (provider == "digitalocean") {
        return {.limits = {{.shape = Shape::sliding, .requests = 5'000, .window = 3'600s},
                           {.shape = Shape::sliding, .requests = 250, .window = 60s}}};
    }
    return {};
}

long kept_back(Urgency urgency, long limit) {
    const auto share = [limit](double part, long most) {
        return std::min(most, static_cast<long>(std::ceil(static_cast<double>(limit) * part)));
    };
    switch (urgency) {
        case Urgency::removal:
            return 0;
        case Urgency::creation:
            return share(0.02, 10);
        case Urgency::poll:
            return share(0.05, 20);
        case Urgency::sweep:
            return share(0.2, 100);
    }
    return 0;
}

BudgetAnswer take_request(const BudgetPolicy& policy, BudgetState state, const BudgetAsk& ask,
                          TimePoint now) {
    move_on(policy, state, now);
    if (state.paused_until) {
        const TimePoint until = *state.paused_until;
        return refuse(std::move(state), ask, until, first_pause / 10, now,
                      "the provider said that it has had enough requests");
    }
    if (ask.creates && static_cast<int>(state.creates.size()) >= policy.creates_at_once) {
        return refuse(std::move(state), ask, now + create_place_wait,
                      create_place_wait / std::max(1, policy.creates_at_once), now,
                      fmt::format("{} creates are under way already", policy.creates_at_once));
    }
    for (std::size_t i = 0; i < policy.limits.size(); ++i) {
        const auto& limit = policy.limits[i];
        const long size = size_of(policy, state, i);
        const double left = left_in(limit, state.used[i], size);
        const double needed = static_cast<double>(kept_back(ask.urgency, size)) + 1;
        // A hair of tolerance: a refill is a fraction, and its sum may miss one by rounding.
        if (left + 1e-6 < needed) {
            const auto wait = until_left(limit, state.used[i], size, needed - left, now);
            return refuse(std::move(state), ask, now + wait, step_of(limit, size), now,
                          spent(left, size, limit.window, ask.urgency));
        }
    }
    BudgetAnswer answer;
    answer.granted = true;
    for (std::size_t i = 0; i < policy.limits.size(); ++i) {
        if (policy.limits[i].shape == Shape::bucket) {
            *state.used[i].left -= 1;
        } else {
            ++state.used[i].slots[slot_at(policy.limits[i], now)];
        }
    }
    if (!policy.limits.empty()) {
        answer.limit = size_of(policy, state, 0);
        answer.left = static_cast<long>(left_in(policy.limits[0], state.used[0], answer.limit));
    }
    if (ask.creates) {
        answer.create = state.next_create++;
        state.creates[answer.create] = now + policy.create_lost_after;
    }
    answer.after_refusal = state.refusals > 0;
    ++state.granted[static_cast<std::size_t>(ask.urgency)];
    answer.state = std::move(state);
    return answer;
}

bool is_news(const BudgetReport& report, const BudgetBelief& believed) {
    if (report.create != 0 || report.refused) return true;
    if (believed.after_refusal && !report.lost) return true;
    if (!report.remaining || !report.limit) return false;
    return *report.limit != believed.limit || *report.remaining + usual_difference < believed.left;
}

BudgetState after_answer(const BudgetPolicy& policy, BudgetState state, const BudgetReport& report,
                         TimePoint now) {
    move_on(policy, state, now);
    if (report.create != 0) state.creates.erase(report.create);
    if (report.refused) {
        ++state.refused_by_provider;
        auto pause = report.retry_after.value_or(0ms);
        // Of many requests that were under way together the first refusal says it all.
        if (!state.paused_until) {
            const int doublings = std::min(state.refusals, 10);
            ++state.refusals;
            pause = std::max(pause, std::min(longest_pause, first_pause * (1 << doublings)));
        }
        const TimePoint until = now + pause;
        state.paused_until = std::max(state.paused_until.value_or(until), until);
    } else if (!report.lost && !state.paused_until) {
        state.refusals = 0;
    }
    if (policy.limits.empty() || !report.limit || !report.remaining || *report.limit <= 0 ||
        *report.limit > largest_stated) {
        return state;
    }
    const long known = size_of(policy, state, 0);
    state.stated_limit = *report.limit == policy.limits[0].requests ? std::nullopt : report.limit;
    auto& use = state.used[0];
    const auto remaining = static_cast<double>(std::clamp(*report.remaining, 0L, *report.limit));
    const double left = left_in(policy.limits[0], use, *report.limit);
    if (*report.limit > known && policy.limits[0].shape == Shape::bucket) {
        // What the larger bucket holds is known only from the answer.
        use.left = remaining;
    } else if (*report.limit != known && policy.limits[0].shape == Shape::sliding) {
        // What was counted was a part of another limit: more of it than this one has would keep us
        // waiting for a whole window.
        use.slots = {
            {slot_at(policy.limits[0], now), *report.limit - static_cast<long>(remaining)}};
    } else if (remaining < left) {
        if (policy.limits[0].shape == Shape::bucket) {
            use.left = remaining;
        } else {
            use.slots[slot_at(policy.limits[0], now)] += static_cast<long>(left - remaining);
        }
    }
    return state;
}

std::vector<long> left_of(const BudgetPolicy& policy, BudgetState state, TimePoint now) {
    move_on(policy, state, now);
    std::vector<long> left;
    for (std::size_t i = 0; i < policy.limits.size(); ++i) {
        left.push_back(
            static_cast<long>(left_in(policy.limits[i], state.used[i], size_of(policy, state, i))));
    }
    return left;
}

}  // namespace hatchery::core
