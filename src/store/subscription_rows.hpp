#pragma once

#include "core/subscription.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

namespace columns {
/// A subscription, of a table that the statement names `s`.
inline constexpr const char* subscription =
    " s.user_id, s.plan, s.status, s.period_end, s.stage, s.stage_at, s.version ";
inline constexpr int subscription_count = 7;
}  // namespace columns

[[nodiscard]] core::Subscription read_subscription(const Rows::Row& row, int first = 0);
/// Nothing where an outer join found none.
[[nodiscard]] std::optional<core::Subscription> read_optional_subscription(const Rows::Row& row,
                                                                           int first = 0);

/// Locks the user until the transaction's end: who counts what a user has goes one after the other.
void lock_user(Sql& sql, const base::UserId& user);

/// The users' subscription, locked until the transaction's end, with all that hangs on the user's
/// plan: who counts bots and who changes the plan go one after the other.
[[nodiscard]] std::optional<core::Subscription> lock_subscription(Sql& sql,
                                                                  const base::UserId& user);

}  // namespace hatchery::store
