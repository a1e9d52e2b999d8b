#pragma once

#include "api/body_reader.hpp"
#include "core/subscription.hpp"

namespace hatchery::api::routes {

/// Reads `{plan, status?, periodEnd}`; the reader knows what is wrong.
[[nodiscard]] core::SubscriptionChange read_subscription_change(BodyReader& body);

}  // namespace hatchery::api::routes
