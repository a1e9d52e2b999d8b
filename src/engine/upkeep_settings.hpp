#pragma once

#include <chrono>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "core/subscription.hpp"
#include "ports/alarm_store.hpp"
#include "ports/fleet_store.hpp"
#include "ports/job_store.hpp"
#include "ports/machine_allocations.hpp"
#include "ports/subscription_store.hpp"

namespace hatchery::engine {

/// What the upkeep reaches the world by. All outlive it; all are thread-safe.
struct UpkeepPorts {
    ports::SubscriptionStore& subscriptions;
    ports::JobStore& jobs;
    ports::AlarmStore& alarms;
    ports::FleetStore& fleet;
    ports::MachineAllocations& allocations;
    base::MetricRegistry& metrics;
    base::Clock& clock;
};

struct UpkeepSettings {
    core::BillingRules billing;
    /// Limit of the operations that it asks for.
    std::chrono::seconds stop_limit{600};
    /// How often subscriptions are looked at.
    base::Milliseconds look_every{10'000};
    /// How long operations are kept after their end.
    std::chrono::days operations_kept{90};
    /// How often a round over all bots' events and all old operations begins.
    base::Milliseconds prune_every{3'600'000};
};

}  // namespace hatchery::engine
