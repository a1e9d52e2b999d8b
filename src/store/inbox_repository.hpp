#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "store/database.hpp"
#include "store/notifications.hpp"

namespace hatchery::store {

/// State of one update that Telegram sent.
enum class InboxState : std::uint8_t {
    pending,    ///< to be delivered; left by a delivery or by giving up
    delivered,  ///< the bot's server took it; pruned after a while
    dead,       ///< given up, `reason` says why; pruned after a longer while
};

struct NewUpdate {
    base::BotId bot_id;
    /// Telegram's update_id: unique per bot, growing.
    std::int64_t update_id = 0;
    /// The chat that the order is kept in; zero when the update belongs to none.
    std::int64_t chat_id = 0;
    /// When set, the update is stored only while the bot still is this Telegram bot.
    std::optional<std::int64_t> telegram_bot_id = {};
    /// The update's JSON as it came.
    std::string body;
    base::TimePoint received_at;
};

enum class Stored : std::uint8_t { stored, duplicate };

/// An update that this process may deliver until `lease_until`.
struct ClaimedUpdate {
    base::BotId bot_id;
    std::int64_t update_id = 0;
    std::int64_t chat_id = 0;
    std::string body;
    base::TimePoint received_at;
    /// Deliveries that failed before.
    int attempts = 0;
    base::LeaseToken lease_token;
};

/// Updates that ended before these are forgotten.
struct PruneBefore {
    base::TimePoint delivered;
    base::TimePoint dead;
};

struct InboxCounts {
    std::int64_t pending = 0;
    std::int64_t dead = 0;
    /// When the oldest pending update came; the epoch when there is none.
    base::TimePoint oldest_pending;
};

/// The webhook inbox: stored before Telegram is answered, delivered at least once, in the order of
/// update_id within each chat of a bot. Any number of processes may relay. Thread-safe. Writes
/// about a claimed update answer `conflict` when the lease was lost.
class InboxRepository {
public:
    virtual ~InboxRepository() = default;
    /// `not_found` when the bot is deleted, unknown, or another Telegram bot by now.
    [[nodiscard]] virtual base::Result<Stored> store(const NewUpdate& update) = 0;
    /// Updates that are the first undelivered of their chat and whose time has come, oldest first,
    /// at most one a chat.
    [[nodiscard]] virtual base::Result<std::vector<ClaimedUpdate>> claim(
        int limit, base::Milliseconds lease_for, base::TimePoint now) = 0;
    [[nodiscard]] virtual base::Result<void> delivered(const ClaimedUpdate& update,
                                                       base::TimePoint now) = 0;
    /// Counts an attempt; those behind it in its chat wait too.
    [[nodiscard]] virtual base::Result<void> retry(const ClaimedUpdate& update, base::TimePoint at,
                                                   const std::string& reason) = 0;
    [[nodiscard]] virtual base::Result<void> give_up(const ClaimedUpdate& update,
                                                     const std::string& reason,
                                                     base::TimePoint now) = 0;
    /// Frees a claim without counting an attempt (shutdown).
    [[nodiscard]] virtual base::Result<void> release(const ClaimedUpdate& update) = 0;
    /// Brings the bot's pending updates forward (its server has come up); returns how many.
    [[nodiscard]] virtual base::Result<int> bring_forward(const base::BotId& bot,
                                                          base::TimePoint now) = 0;
    /// Deletes what ended before its time, at most `limit` of each state; returns how many.
    [[nodiscard]] virtual base::Result<int> prune(const PruneBefore& before, int limit) = 0;
    [[nodiscard]] virtual base::Result<InboxCounts> counts() = 0;
    [[nodiscard]] virtual base::Result<InboxCounts> counts_of(const base::BotId& bot) = 0;
};

[[nodiscard]] std::unique_ptr<InboxRepository> make_inbox_repository(Database& database,
                                                                     Hints& hints);

}  // namespace hatchery::store

template <>
struct hatchery::base::EnumNames<hatchery::store::InboxState> {
    using E = hatchery::store::InboxState;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::pending, "pending"}, {E::delivered, "delivered"}, {E::dead, "dead"}});
};
