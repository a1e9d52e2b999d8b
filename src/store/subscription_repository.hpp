#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/subscription.hpp"
#include "store/database.hpp"
#include "store/notifications.hpp"
#include "store/page.hpp"
#include "store/token_repository.hpp"

namespace hatchery::store {

/// A user with what he has paid for and what he has.
struct Account {
    User user;
    std::optional<core::Subscription> subscription;
    /// Living bots.
    std::int64_t bots = 0;
    /// Servers that are not proven gone.
    std::int64_t servers = 0;
};

/// What to list; everything that is set must fit.
struct AccountQuery {
    /// The `next` of the page before.
    std::optional<std::string> after;
    int limit = 50;
    /// The whole e-mail address, compared without case.
    std::optional<std::string> email;
    /// Of the subscription; users without one have none.
    std::optional<core::PlanName> plan;
    /// By the stage that has been entered; a change shows when the leader has seen it.
    std::optional<core::Standing> standing;
};

/// What the billing service says of a user.
struct BillingEvent {
    std::string id;
    /// SHA-256 of the body in lower-case hexadecimal.
    std::string body_hash;
    base::TimePoint created_at;
    /// One of both.
    std::optional<base::UserId> user;
    std::string email;
    core::SubscriptionChange change;
};

enum class BillingEffect : std::uint8_t {
    applied,   ///< the subscription is as the event says
    repeated,  ///< the event was received before; nothing changed
    outdated,  ///< something newer was said about the subscription; nothing changed
};

struct BillingAnswer {
    BillingEffect effect = BillingEffect::applied;
    core::Subscription subscription;
};

/// Subscriptions for the API. Thread-safe.
class SubscriptionRepository {
public:
    virtual ~SubscriptionRepository() = default;

    /// `not_found` when there is no such user.
    [[nodiscard]] virtual base::Result<Account> account(const base::UserId& user) = 0;
    /// Newest first. `invalid` for a cursor that is none.
    [[nodiscard]] virtual base::Result<Page<Account>> accounts(const AccountQuery& query) = 0;
    /// An operator's word, which counts as said now. `not_found` when there is no such user.
    [[nodiscard]] virtual base::Result<core::Subscription> set(
        const base::UserId& user, const core::SubscriptionChange& change) = 0;
    /// The billing service's word, in one transaction with the record that it was received.
    /// `not_found` when there is no such user, and the event may be sent again; `conflict` when
    /// another event had this id.
    [[nodiscard]] virtual base::Result<BillingAnswer> apply(const BillingEvent& event) = 0;
};

[[nodiscard]] std::unique_ptr<SubscriptionRepository> make_subscription_repository(
    Database& database, Hints& hints, base::Clock& clock);

}  // namespace hatchery::store

template <>
struct hatchery::base::EnumNames<hatchery::store::BillingEffect> {
    using E = hatchery::store::BillingEffect;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::applied, "applied"}, {E::repeated, "repeated"}, {E::outdated, "outdated"}});
};
