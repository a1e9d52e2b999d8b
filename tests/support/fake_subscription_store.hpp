#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "ports/subscription_store.hpp"
#include "support/fake_database.hpp"

namespace hatchery::support {

/// Subscriptions in a map, on the bots of a FakeDatabase. Thread-safe.
class FakeSubscriptionStore : public ports::SubscriptionStore {
public:
    explicit FakeSubscriptionStore(FakeDatabase& database) : db_(database) {}

    base::Result<std::vector<core::Subscription>> due(core::BillingStage stage,
                                                      const core::StageBounds& bounds,
                                                      int limit) override;
    base::Result<std::vector<core::Subscription>> too_early(base::TimePoint now,
                                                            int limit) override;
    base::Result<std::vector<base::UserId>> enter(std::span<const ports::StageEntry> entries,
                                                  base::TimePoint now) override;
    base::Result<std::vector<ports::UnpaidBot>> running_unpaid(base::TimePoint now,
                                                               int limit) override;
    base::Result<bool> note_attempt(const base::BotId& bot, int attempts,
                                    base::TimePoint next_try_at) override;
    base::Result<ports::KeptBots> count_kept() override;
    base::Result<ports::Pruned> prune_events(const ports::EventRetention& retention,
                                             const std::optional<base::BotId>& after, int bots,
                                             int events_each) override;
    base::Result<ports::PrunedOperations> prune_operations(
        base::TimePoint before, const std::optional<ports::OperationCursor>& after,
        int limit) override;
    base::Result<int> prune_billing_events(base::TimePoint before, int limit) override;

    /// As an operator or the billing service would set it.
    void put(const core::Subscription& subscription);
    [[nodiscard]] std::optional<core::Subscription> find(const base::UserId& user) const;
    /// Calls that were made, refused ones too.
    [[nodiscard]] int calls() const;
    /// A step of the caller's ends here: the next call answers `unavailable`, and so do all others
    /// until it is told otherwise.
    void refuse(bool refusing);

private:
    struct Attempt {
        int attempts = 0;
        base::TimePoint next_try_at;
    };
    [[nodiscard]] bool is_unpaid(const base::UserId& user, core::BillingStage from) const;
    [[nodiscard]] std::vector<ports::UnpaidBot> unpaid(core::BillingStage from, bool stopped) const;
    [[nodiscard]] bool still_shown(const core::Operation& operation) const;
    /// Counts the call, too.
    [[nodiscard]] bool refuses();

    FakeDatabase& db_;
    std::map<base::UserId, core::Subscription> subscriptions_;
    std::map<base::BotId, Attempt> attempts_;
    int calls_ = 0;
    bool refusing_ = false;
};

}  // namespace hatchery::support
