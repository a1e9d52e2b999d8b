#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "ports/subscription_store.hpp"
#include "support/fake_database.hpp"

namespace hatchery::support {

/// Subscriptions in a map, on the bots of a FakeDatabase. Thread-safe.
class FakeSubscriptionStore final : public ports::SubscriptionStore {
public:
    explicit FakeSubscriptionStore(FakeDatabase& database) : db_(database) {}

    base::Result<std::vector<core::Subscription>> due(core::BillingStage stage,
                                                      const core::StageBounds& bounds,
                                                      int limit) override;
    base::Result<std::vector<core::Subscription>> too_early(base::TimePoint now,
                                                            int limit) override;
    base::Result<int> enter(std::span<const ports::StageEntry> entries,
                            base::TimePoint now) override;
    base::Result<std::vector<ports::UnpaidBot>> running_unpaid(base::TimePoint now,
                                                               int limit) override;
    base::Result<std::vector<ports::UnpaidBot>> kept_unpaid(base::TimePoint now,
                                                            int limit) override;
    base::Result<void> note_attempt(const base::BotId& bot, int attempts,
                                    base::TimePoint next_try_at) override;
    base::Result<ports::KeptBots> count_kept() override;
    base::Result<ports::Pruned> prune_events(const ports::EventRetention& retention,
                                             const std::optional<base::BotId>& after, int bots,
                                             int events_each) override;
    base::Result<int> prune_billing_events(base::TimePoint before, int limit) override;

    /// As an operator or the billing service would set it.
    void put(const core::Subscription& subscription);
    [[nodiscard]] std::optional<core::Subscription> find(const base::UserId& user) const;
    /// There is a back-up of the bot from now on.
    void add_backup(const base::BotId& bot);
    /// A step of the caller's ends here: the next call answers `unavailable`, and so do all others
    /// until it is told otherwise.
    void refuse(bool refusing);

private:
    struct Attempt {
        int attempts = 0;
        base::TimePoint next_try_at;
    };
    [[nodiscard]] std::vector<ports::UnpaidBot> unpaid(core::BillingStage from, bool stopped,
                                                       std::optional<base::TimePoint> now,
                                                       int limit);

    FakeDatabase& db_;
    std::map<base::UserId, core::Subscription> subscriptions_;
    std::map<base::BotId, Attempt> attempts_;
    std::set<base::BotId> backups_;
    bool refusing_ = false;
};

}  // namespace hatchery::support
