#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/ids.hpp"
#include "core/plan.hpp"

namespace hatchery::core {

/// What the billing says of a subscription.
enum class SubscriptionStatus : std::uint8_t {
    active,     ///< it is renewed at its period's end
    cancelled,  ///< it is not; until then it holds as before
};

/// How far a period that is not renewed has come. Each stage is entered once, in this order (only
/// `ending` may be left out), and is told to the user in the moment in which it is entered. Any
/// new period leads back to `paid`.
enum class BillingStage : std::uint8_t {
    paid,     ///< nothing to tell; left when the end is near
    ending,   ///< told when the period ends; left at its end
    grace,    ///< over, and told when the bots are stopped; left at that time
    stopped,  ///< the bots are being stopped or are; left when the retention time is nearly over
    closing,  ///< told when the bots are destroyed; left at that time
    closed,   ///< bots with a back-up are destroyed, others kept; left by a new period only
};

/// A user's subscription. Users without one have the operator's default plan.
struct Subscription {
    base::UserId user_id;
    PlanName plan = PlanName::starter;
    SubscriptionStatus status = SubscriptionStatus::active;
    /// Unset: it does not end.
    std::optional<base::TimePoint> period_end;
    BillingStage stage = BillingStage::paid;
    /// When the stage was entered, or the period was set.
    base::TimePoint stage_at;
    /// Grows with every write.
    std::int64_t version = 0;
};

/// How long things take around the end of a period.
struct BillingPolicy {
    /// How long before the end of a period, and before a destruction, the user is told.
    std::chrono::seconds notice{3 * 86'400};
    /// How long bots go on after the end of a period.
    std::chrono::seconds grace{3 * 86'400};
    /// How long a stopped bot is kept after the grace.
    std::chrono::seconds retention{30 * 86'400};
    /// At least so long, or for the whole grace if that is shorter, a user has known that his bots
    /// are about to be stopped: a clock that jumps, or a Hatchery that was down, takes nobody by
    /// surprise.
    std::chrono::seconds warning{86'400};
};

/// Everything that the operator has decided about plans.
struct BillingRules {
    /// Places are replaced: see with_default_places.
    Plans plans = with_default_places(usual_plans(), {}, {});
    /// Of users without a subscription; unset: they may have no bot.
    std::optional<PlanName> default_plan = PlanName::enterprise;
    BillingPolicy policy;
};

/// When the bots are stopped; unset for a subscription that does not end.
[[nodiscard]] std::optional<base::TimePoint> stops_at(const Subscription& subscription,
                                                      const BillingPolicy& policy);
/// When they are destroyed, if there is a back-up of them.
[[nodiscard]] std::optional<base::TimePoint> destroys_at(const Subscription& subscription,
                                                         const BillingPolicy& policy);

/// A subscription leaves its stage when its period ends at `period_end` or before and, if that is
/// set, it has entered the stage at `stage_at` or before. A query may look for those.
struct StageBounds {
    base::TimePoint period_end;
    std::optional<base::TimePoint> stage_at;
};
/// Unset for `closed`.
[[nodiscard]] std::optional<StageBounds> stage_bounds(BillingStage stage,
                                                      const BillingPolicy& policy,
                                                      base::TimePoint now);
/// The stage that is to be entered now, or nothing.
[[nodiscard]] std::optional<BillingStage> next_stage(const Subscription& subscription,
                                                     const BillingPolicy& policy,
                                                     base::TimePoint now);
/// The stage that puts right what a clock that ran ahead has done, or nothing: back to `paid` while
/// the period has not ended, and a warning whose time has not come is given anew.
[[nodiscard]] std::optional<BillingStage> corrected_stage(const Subscription& subscription,
                                                          base::TimePoint now);
/// Clocks of several machines differ by less; what was entered later than this from now was entered
/// by a clock that ran ahead.
inline constexpr std::chrono::minutes clock_tolerance{5};

/// What the story of each of the user's bots says of the stage that was just entered.
[[nodiscard]] std::string announcement(const Subscription& subscription,
                                       const BillingPolicy& policy);
/// What it says when a correction leads back to `paid`.
[[nodiscard]] std::string correction_announcement(const Subscription& subscription);
/// What it says when a new period undoes what had begun.
[[nodiscard]] std::string renewal_announcement(const Subscription& subscription);

/// What is written when a plan is set.
struct SubscriptionChange {
    PlanName plan = PlanName::starter;
    SubscriptionStatus status = SubscriptionStatus::active;
    std::optional<base::TimePoint> period_end;
};
struct ChangedSubscription {
    Subscription subscription;
    /// The bots had been told of a stop or were stopped, and the new period undoes that.
    bool renewed = false;
};
/// `before` is unset for the first one. Another period's end begins anew with `paid`; the same one
/// leaves the stage alone, so that a change of the plan's name forgives nothing.
[[nodiscard]] ChangedSubscription change_subscription(const std::optional<Subscription>& before,
                                                      const base::UserId& user,
                                                      const SubscriptionChange& change,
                                                      base::TimePoint now);

/// How a user stands, as people read it.
enum class Standing : std::uint8_t {
    active,     ///< paid
    cancelled,  ///< paid until the period's end, and not renewed then
    grace,      ///< over; the bots still run
    expired,    ///< over; the bots are stopped, and none may be started
    none,       ///< no subscription
};
[[nodiscard]] Standing standing(const std::optional<Subscription>& subscription,
                                const BillingPolicy& policy, base::TimePoint now);

/// The plan that rules a user; unset for one who has none.
[[nodiscard]] std::optional<PlanName> plan_of(const BillingRules& rules,
                                              const std::optional<Subscription>& subscription);

/// Why a user may not have something that runs, if so.
enum class BillingRefusal : std::uint8_t { subscription_expired, no_subscription };
[[nodiscard]] std::optional<BillingRefusal> refuse_running(
    const BillingRules& rules, const std::optional<Subscription>& subscription,
    base::TimePoint now);

/// How long to wait after so many attempts to stop a bot for its user's expired subscription: a
/// minute, doubled each time up to an hour.
[[nodiscard]] base::Milliseconds billing_stop_delay(int attempts);

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::SubscriptionStatus> {
    using E = hatchery::core::SubscriptionStatus;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::active, "active"}, {E::cancelled, "cancelled"}});
};
template <>
struct hatchery::base::EnumNames<hatchery::core::BillingStage> {
    using E = hatchery::core::BillingStage;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::paid, "paid"},
                                                       {E::ending, "ending"},
                                                       {E::grace, "grace"},
                                                       {E::stopped, "stopped"},
                                                       {E::closing, "closing"},
                                                       {E::closed, "closed"}});
};
template <>
struct hatchery::base::EnumNames<hatchery::core::Standing> {
    using E = hatchery::core::Standing;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::active, "active"},
                                                       {E::cancelled, "cancelled"},
                                                       {E::grace, "grace"},
                                                       {E::expired, "expired"},
                                                       {E::none, "none"}});
};
template <>
struct hatchery::base::EnumNames<hatchery::core::BillingRefusal> {
    using E = hatchery::core::BillingRefusal;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::subscription_expired, "subscription_expired"},
         {E::no_subscription, "no_subscription"}});
};
