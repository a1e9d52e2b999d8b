#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "engine/upkeep_settings.hpp"

namespace hatchery::engine {

/// Follows subscriptions that are not renewed: tells, stops, and in the end destroys what has a
/// back-up. The caller holds the leadership and calls tick(). Losing it in mid-tick is harmless:
/// every write stands for itself, an operation is asked for once since a bot has one at a time, and
/// whatever a death left undone is found again by the next look.
class SubscriptionWatch {
public:
    SubscriptionWatch(const UpkeepPorts& ports, const UpkeepSettings& settings)
        : ports_(ports), settings_(settings) {}

    /// One look at all subscriptions. Blocks for the database only.
    void tick(const std::stop_token& stop);
    /// Somebody else leads: what this process tells by its metrics is over.
    void fall_silent();

private:
    void tell_metrics(std::int64_t kept_bots);
    void correct_stages(const std::stop_token& stop);
    void enter_stages(core::BillingStage stage, const std::stop_token& stop);
    [[nodiscard]] int enter(const std::vector<ports::StageEntry>& entries, base::TimePoint now);
    void stop_bots(const std::stop_token& stop);
    void end_retention(const std::stop_token& stop);
    void tell_of_kept_bots();
    void begin(const ports::UnpaidBot& bot, core::OperationKind kind);

    const UpkeepPorts& ports_;
    const UpkeepSettings& settings_;
};

}  // namespace hatchery::engine
