#pragma once

#include <optional>
#include <stop_token>

#include "engine/upkeep_settings.hpp"

namespace hatchery::engine {

/// Deletes what is older than it is kept for: events beyond the plan of the bot's user, and what
/// the billing service sent long ago. The caller holds the leadership and calls tick().
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
    void take_less();

    const UpkeepPorts& ports_;
    const UpkeepSettings& settings_;
    base::TimePoint next_round_;
    bool in_round_ = false;
    std::optional<base::BotId> after_;
    std::int64_t pruned_ = 0;
    /// Of one statement in this round.
    int bots_ = 0;
    int events_each_ = 0;
};

}  // namespace hatchery::engine
