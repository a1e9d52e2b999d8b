#include "store/subscription_rows.hpp"

#include <string>

namespace hatchery::store {

namespace {

// Not FOR UPDATE: a row that refers to the user does not wait for this.
constexpr std::string_view select_locked = "SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE";
const std::string select_subscription = std::string("SELECT") + columns::subscription +
                                        "FROM subscriptions s WHERE s.user_id = $1 FOR UPDATE";

}  // namespace

core::Subscription read_subscription(const Rows::Row& row, int first) {
    return {.user_id = row.id<base::UserId>(first),
            .plan = row.enumerator<core::PlanName>(first + 1),
            .status = row.enumerator<core::SubscriptionStatus>(first + 2),
            .period_end = row.optional_time(first + 3),
            .stage = row.enumerator<core::BillingStage>(first + 4),
            .stage_at = row.time(first + 5),
            .version = row.integer(first + 6)};
}

std::optional<core::Subscription> read_optional_subscription(const Rows::Row& row, int first) {
    if (row.null(first)) return std::nullopt;
    return read_subscription(row, first);
}

void lock_user(Sql& sql, const base::UserId& user) { (void)sql.query(select_locked, {user}); }

std::optional<core::Subscription> lock_subscription(Sql& sql, const base::UserId& user) {
    lock_user(sql, user);
    const Rows rows = sql.query(select_subscription, {user});
    if (rows.empty()) return std::nullopt;
    return read_subscription(rows[0]);
}

}  // namespace hatchery::store
