#pragma once

#include "base/json.hpp"
#include "core/subscription.hpp"
#include "store/subscription_repository.hpp"

namespace hatchery::api {

/// A plan's limits; null for no plan. Lists that allow everything are null.
[[nodiscard]] base::Json plan_view(const core::BillingRules& rules,
                                   const std::optional<core::PlanName>& name);
/// `{plan, standing, status, periodEnd, stopsAt, destroysAt}`, also for a user without one.
[[nodiscard]] base::Json subscription_view(const core::BillingRules& rules,
                                           const std::optional<core::Subscription>& subscription,
                                           base::TimePoint now);
/// The user, his plan's limits, what he has of them, and his subscription.
[[nodiscard]] base::Json account_view(const core::BillingRules& rules,
                                      const store::Account& account, base::TimePoint now);

}  // namespace hatchery::api
