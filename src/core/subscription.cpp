#include "core/subscription.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hatchery::core {

namespace {

using base::TimePoint;
using std::chrono::seconds;

seconds warning_of(const BillingPolicy& policy) { return std::min(policy.warning, policy.grace); }

/// The part of the retention time in which the end is known to be near.
seconds last_notice(const BillingPolicy& policy) {
    return std::min(policy.notice, policy.retention);
}

/// `2026-03-01 10:00 UTC`.
std::string minute_of(TimePoint time) {
    std::string text = base::format_time(time).substr(0, 16);
    text[10] = ' ';
    return text + " UTC";
}

std::string minute_of(const std::optional<TimePoint>& time) {
    return time ? minute_of(*time) : "never";
}

BillingStage after(BillingStage stage, const Subscription& subscription, TimePoint now) {
    switch (stage) {
        case BillingStage::paid:
            return *subscription.period_end <= now ? BillingStage::grace : BillingStage::ending;
        case BillingStage::ending:
            return BillingStage::grace;
        case BillingStage::grace:
            return BillingStage::stopped;
        case BillingStage::stopped:
            return BillingStage::closing;
        case BillingStage::closing:
        case BillingStage::closed:
            return BillingStage::closed;
    }
    return stage;
}

}  // namespace

std::optional<TimePoint> stops_at(const Subscription& subscription, const BillingPolicy& policy) {
    if (!subscription.period_end) return std::nullopt;
    const TimePoint planned = *subscription.period_end + policy.grace;
    if (subscription.stage != BillingStage::grace) return planned;
    return std::max(planned, subscription.stage_at + warning_of(policy));
}

std::optional<TimePoint> destroys_at(const Subscription& subscription,
                                     const BillingPolicy& policy) {
    if (!subscription.period_end) return std::nullopt;
    const TimePoint planned = *subscription.period_end + policy.grace + policy.retention;
    if (subscription.stage != BillingStage::closing) return planned;
    return std::max(planned, subscription.stage_at + last_notice(policy));
}

std::optional<StageBounds> stage_bounds(BillingStage stage, const BillingPolicy& policy,
                                        TimePoint now) {
    switch (stage) {
        case BillingStage::paid:
            return StageBounds{now + policy.notice, std::nullopt};
        case BillingStage::ending:
            return StageBounds{now, std::nullopt};
        case BillingStage::grace:
            return StageBounds{now - policy.grace, now - warning_of(policy)};
        case BillingStage::stopped:
            return StageBounds{now - policy.grace - policy.retention + last_notice(policy),
                               std::nullopt};
        case BillingStage::closing:
            return StageBounds{now - policy.grace - policy.retention, now - last_notice(policy)};
        case BillingStage::closed:
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<BillingStage> next_stage(const Subscription& subscription,
                                       const BillingPolicy& policy, TimePoint now) {
    const auto bounds = stage_bounds(subscription.stage, policy, now);
    if (!bounds || !subscription.period_end) return std::nullopt;
    if (*subscription.period_end > bounds->period_end) return std::nullopt;
    if (bounds->stage_at && subscription.stage_at > *bounds->stage_at) return std::nullopt;
    return after(subscription.stage, subscription, now);
}

std::optional<BillingStage> corrected_stage(const Subscription& subscription, TimePoint now) {
    if (!subscription.period_end) return std::nullopt;
    if (subscription.stage >= BillingStage::grace && *subscription.period_end > now) {
        return BillingStage::paid;
    }
    const bool warns =
        subscription.stage == BillingStage::grace || subscription.stage == BillingStage::closing;
    if (warns && subscription.stage_at > now + clock_tolerance) return subscription.stage;
    return std::nullopt;
}

std::string announcement(const Subscription& subscription, const BillingPolicy& policy) {
    const std::string plan(base::to_text(subscription.plan));
    const std::string stop = minute_of(stops_at(subscription, policy));
    const std::string destruction = minute_of(destroys_at(subscription, policy));
    switch (subscription.stage) {
        case BillingStage::paid:
            return fmt::format("The subscription {} is paid.", plan);
        case BillingStage::ending:
            return fmt::format(
                "The subscription {} ends at {}. If it is not renewed, the bot is stopped at {}.",
                plan, minute_of(subscription.period_end), stop);
        case BillingStage::grace:
            return fmt::format(
                "The subscription {} has ended. If it is not renewed, the bot is stopped at {}.",
                plan, stop);
        case BillingStage::stopped:
            return fmt::format(
                "The subscription {} has ended, and the bot is stopped. Renew the subscription to "
                "start it again; it is kept until {} at least.",
                plan, destruction);
        case BillingStage::closing:
            return fmt::format(
                "The subscription {} has ended, and the bot may be destroyed at {}. Renew the "
                "subscription to keep it.",
                plan, destruction);
        case BillingStage::closed:
            return fmt::format(
                "The time for which a bot without a subscription is kept is over. Only a bot with "
                "a back-up is destroyed.");
    }
    return {};
}

std::string correction_announcement(const Subscription& subscription) {
    return fmt::format(
        "A wrong clock had announced the end of the subscription {}, which holds until {}. If the "
        "bot was stopped, it may be started again.",
        base::to_text(subscription.plan), minute_of(subscription.period_end));
}

std::string renewal_announcement(const Subscription& subscription) {
    const std::string until =
        subscription.period_end ? " until " + minute_of(*subscription.period_end) : "";
    return fmt::format(
        "The subscription {} is renewed{}. If the bot was stopped, it may be started again.",
        base::to_text(subscription.plan), until);
}

ChangedSubscription change_subscription(const std::optional<Subscription>& before,
                                        const base::UserId& user, const SubscriptionChange& change,
                                        TimePoint now) {
    Subscription after{.user_id = user,
                       .plan = change.plan,
                       .status = change.status,
                       .period_end = change.period_end,
                       .stage = BillingStage::paid,
                       .stage_at = now,
                       .version = before ? before->version + 1 : 1};
    if (!before) return {.subscription = after};
    if (before->period_end == change.period_end) {
        after.stage = before->stage;
        after.stage_at = before->stage_at;
        return {.subscription = after};
    }
    const bool holds = !change.period_end || *change.period_end > now;
    return {.subscription = after, .renewed = holds && before->stage >= BillingStage::grace};
}

Standing standing(const std::optional<Subscription>& subscription, const BillingPolicy& policy,
                  TimePoint now) {
    if (!subscription) return Standing::none;
    const auto stop = stops_at(*subscription, policy);
    if (subscription->stage >= BillingStage::stopped || (stop && *stop <= now)) {
        return Standing::expired;
    }
    if (subscription->period_end && *subscription->period_end <= now) return Standing::grace;
    if (subscription->status == SubscriptionStatus::cancelled) return Standing::cancelled;
    return Standing::active;
}

std::optional<PlanName> plan_of(const BillingRules& rules,
                                const std::optional<Subscription>& subscription) {
    return subscription ? std::optional(subscription->plan) : rules.default_plan;
}

std::optional<BillingRefusal> refuse_running(const BillingRules& rules,
                                             const std::optional<Subscription>& subscription,
                                             TimePoint now) {
    if (!plan_of(rules, subscription)) return BillingRefusal::no_subscription;
    if (standing(subscription, rules.policy, now) == Standing::expired) {
        return BillingRefusal::subscription_expired;
    }
    return std::nullopt;
}

base::Milliseconds billing_stop_delay(int attempts) {
    constexpr std::chrono::minutes first{1};
    constexpr std::chrono::minutes longest{60};
    const int doublings = std::clamp(attempts - 1, 0, 6);
    return std::min<base::Milliseconds>(first * (1 << doublings), longest);
}

}  // namespace hatchery::core
