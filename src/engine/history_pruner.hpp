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

    /// Some batches of a round, if one is due. Blocks for the database only.
    void tick(const std::stop_token& stop);

private:
    void begin_round();
    void prune_page();

    const UpkeepPorts& ports_;
    const UpkeepSettings& settings_;
    base::TimePoint next_round_;
    bool in_round_ = false;
    std::optional<base::BotId> after_;
    std::int64_t pruned_ = 0;
};

}  // namespace hatchery::engine
