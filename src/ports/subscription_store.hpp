#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/subscription.hpp"

namespace hatchery::ports {

/// A subscription that enters its next stage, and what its user's bots are told of that.
struct StageEntry {
    /// As it was read: nothing is written if it has changed since.
    core::Subscription from;
    core::BillingStage to = core::BillingStage::paid;
    std::string message;
};

/// A bot that must not go on.
struct UnpaidBot {
    base::BotId bot_id;
    base::UserId user_id;
    /// How often it was asked to stop already.
    int attempts = 0;
};

struct KeptBots {
    std::int64_t bots = 0;
    std::int64_t users = 0;
};

/// Which events may go.
struct EventRetention {
    /// Events before this are too old, for users of the plan.
    std::map<core::PlanName, base::TimePoint> keep_since;
    /// The same for users without a subscription.
    base::TimePoint keep_since_otherwise;
};

struct Pruned {
    std::int64_t events = 0;
    /// Where to go on; unset: all bots were looked at.
    std::optional<base::BotId> next;
};

/// Where a look through operations, the oldest first, goes on.
struct OperationCursor {
    base::TimePoint created_at;
    base::OperationId id;
};

struct PrunedOperations {
    std::int64_t operations = 0;
    /// Unset: there are no more.
    std::optional<OperationCursor> next;
};

/// Subscriptions and what follows from them, as the engine's leader needs them. Thread-safe; every
/// call is one short transaction.
class SubscriptionStore {
public:
    virtual ~SubscriptionStore() = default;

    /// Those of this stage within the bounds, the earliest period's end first.
    [[nodiscard]] virtual base::Result<std::vector<core::Subscription>> due(
        core::BillingStage stage, const core::StageBounds& bounds, int limit) = 0;
    /// Those that a clock which ran ahead may have told of, see core::corrected_stage.
    [[nodiscard]] virtual base::Result<std::vector<core::Subscription>> too_early(
        base::TimePoint now, int limit) = 0;
    /// Writes the stages and, in the same transaction, one warning into the story of each living
    /// bot of these users: told once, whoever dies on the way. Answers whose were written, in no
    /// order.
    [[nodiscard]] virtual base::Result<std::vector<base::UserId>> enter(
        std::span<const StageEntry> entries, base::TimePoint now) = 0;

    /// Bots of users whose stage is `stopped`, `closing` or `closed` that have a server and are not
    /// stopped, and whose next attempt is due.
    [[nodiscard]] virtual base::Result<std::vector<UnpaidBot>> running_unpaid(base::TimePoint now,
                                                                              int limit) = 0;
    /// The attempt is made now; the next one not before `next_try_at`. Answers whether it was
    /// written: nothing is, and nothing may be attempted, when the stage of the bot's user is none
    /// of those of running_unpaid any more. It waits for a change of the subscription under way.
    [[nodiscard]] virtual base::Result<bool> note_attempt(const base::BotId& bot, int attempts,
                                                          base::TimePoint next_try_at) = 0;
    /// All stopped bots with a server whose user's stage is `closed`.
    [[nodiscard]] virtual base::Result<KeptBots> count_kept() = 0;

    /// Deletes old events of at most `bots` bots, behind `after`, and at most `events_each` of
    /// each. A bot's story loses its beginning only, so that its numbers stay without gaps.
    [[nodiscard]] virtual base::Result<Pruned> prune_events(const EventRetention& retention,
                                                            const std::optional<base::BotId>& after,
                                                            int bots, int events_each) = 0;
    /// Looks at `limit` operations that were made before this, behind `after`, and deletes, with
    /// their steps, those that ended before this and that nothing shows any more: the bot's last
    /// one (chats aside) and its last good deploy stay while the bot does, and so does one of whose
    /// time the bot's story still tells.
    [[nodiscard]] virtual base::Result<PrunedOperations> prune_operations(
        base::TimePoint before, const std::optional<OperationCursor>& after, int limit) = 0;
    /// Deletes what the billing sent before this; answers how many.
    [[nodiscard]] virtual base::Result<int> prune_billing_events(base::TimePoint before,
                                                                 int limit) = 0;
};

}  // namespace hatchery::ports
