#pragma once

#include <optional>
#include <stop_token>

#include "engine/upkeep_settings.hpp"

namespace hatchery::engine {

/// Deletes what is older than it is kept for: events beyond the plan of the bot's user, operations
/// that ended long ago, and what the billing service sent long ago. The caller holds the leadership
/// and calls tick().
class HistoryPruner {
public:
    HistoryPruner(const UpkeepPorts& ports, const UpkeepSettings& settings)
        : ports_(ports), settings_(settings) {}

    /// Some batches of a round, if one is due. A page that fails ends the tick, and the next tick
    /// goes on with it. Blocks for the database only; after a stop, for the statement under way.
    void tick(const std::stop_token& stop);

private:
    void begin_round();
    /// Answers whether it went well.
    [[nodiscard]] bool prune_page();
    [[nodiscard]] bool prune_events();
    [[nodiscard]] bool prune_operations();
    void take_less();

    const UpkeepPorts& ports_;
    const UpkeepSettings& settings_;
    base::TimePoint next_round_;
    /// What a round goes through, in this order.
    enum class Phase : std::uint8_t {
        resting,
        events,
        operations,  ///< after the events that tell of them
    };
    Phase phase_ = Phase::resting;
    std::optional<base::BotId> after_;
    std::optional<ports::OperationCursor> after_operation_;
    std::int64_t pruned_ = 0;
    std::int64_t pruned_operations_ = 0;
    /// Of one statement in this round.
    int bots_ = 0;
    int events_each_ = 0;
    int operations_ = 0;
};

}  // namespace hatchery::engine
