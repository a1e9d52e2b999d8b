#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/call.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "core/alarms.hpp"
#include "core/pool_size.hpp"
#include "core/worker.hpp"
#include "ports/alarm_store.hpp"
#include "ports/fleet_store.hpp"
#include "ports/http_transport.hpp"
#include "ports/queue_monitor.hpp"
#include "ports/worker_registry.hpp"

namespace hatchery::engine {

/// What the care for the pool reaches the world by. All outlive it; all are thread-safe.
struct PoolPorts {
    ports::WorkerRegistry& registry;
    ports::QueueMonitor& queue;
    ports::AlarmStore& alarms;
    ports::FleetStore& fleet;
    ports::HttpTransport& http;
    base::MetricRegistry& metrics;
    base::Clock& clock;
    base::Random& random;
};

/// Who is told of alarms.
struct AlarmWebhook {
    /// With `{secret}` for its last part, if that is kept in url_secret.
    std::string url;
    std::optional<base::Secret> url_secret;
    /// The signature of a text, in hexadecimal; unset: messages are not signed.
    std::function<std::string(std::string_view)> sign;
};

struct PoolSettings {
    /// Who this process is; slots, busy, draining and times are filled in.
    core::Worker self;
    /// Threads of this process.
    core::PoolPolicy threads;
    /// Processes of the installation.
    core::PoolPolicy processes;
    core::AlarmPolicy alarms;
    /// Nobody is told when it is unset.
    std::optional<AlarmWebhook> webhook;
    /// Makes the number of processes be this one; unset: somebody else does. Blocks until the call
    /// is over at most.
    std::function<base::Result<void>(int workers, const base::Call& call)> scale;

    base::Milliseconds beat_every = core::heartbeat_every;
    base::Milliseconds count_every{5'000};
    base::Milliseconds match_every{15'000};
};

}  // namespace hatchery::engine
