#pragma once

#include <memory>

#include "ports/subscription_store.hpp"
#include "store/database.hpp"
#include "store/notifications.hpp"

namespace hatchery::store {

[[nodiscard]] std::unique_ptr<ports::SubscriptionStore> make_pg_subscription_store(
    Database& database, Hints& hints);

}  // namespace hatchery::store
