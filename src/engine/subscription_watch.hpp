#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "engine/upkeep_settings.hpp"

namespace hatchery::engine {

/// Follows subscriptions that are not renewed: tells, stops, and has the operator told of what is
/// kept beyond its time, since nothing is destroyed without a back-up and there are none yet. The
/// caller holds the leadership and calls tick(). Losing it in mid-tick is harmless: every write
/// stands for itself, an operation is asked for once since a bot has one at a time, and whatever a
/// death left undone is found again by the next look.
class SubscriptionWatch {
public:
    SubscriptionWatch(const UpkeepPorts& ports, const UpkeepSettings& settings)
        : ports_(ports), settings_(settings) {}

    /// One look at all subscriptions. Blocks for the database only; after a stop, for the statement
    /// under way.
    void tick(const std::stop_token& stop);
    /// Somebody else leads: what this process tells by its metrics is over.
    void fall_silent();

private:
    using Read = std::function<base::Result<std::vector<core::Subscription>>(base::TimePoint now)>;
    using EntryOf = std::function<std::optional<ports::StageEntry>(
        const core::Subscription& subscription, base::TimePoint now)>;

    void correct_stages(const std::stop_token& stop);
    void enter_stages(core::BillingStage stage, const std::stop_token& stop);
    /// Reads and writes page after page; `what` names the reading in the log when it fails.
    void work_off(std::string_view what, const Read& read, const EntryOf& entry_of,
                  const std::stop_token& stop);
    [[nodiscard]] std::size_t enter(const std::vector<ports::StageEntry>& entries,
                                    base::TimePoint now);
    void stop_bots(const std::stop_token& stop);
    void stop_bot(const ports::UnpaidBot& bot);
    void tell_of_kept_bots(const std::stop_token& stop);
    void tell_metrics(std::int64_t kept_bots);

    const UpkeepPorts& ports_;
    const UpkeepSettings& settings_;
};

}  // namespace hatchery::engine
