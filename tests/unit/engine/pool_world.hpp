#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "engine/pool_settings.hpp"
#include "engine/thread_slots.hpp"
#include "support/catch.hpp"
#include "support/fake_database.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_http_transport.hpp"
#include "support/fake_pool.hpp"

namespace hatchery::engine {

/// A clock that the test sets.
class SetClock final : public base::Clock {
public:
    [[nodiscard]] base::TimePoint now() const override { return now_.load(); }
    void advance(base::Milliseconds time) { now_ = now_.load() + time; }

private:
    std::atomic<base::TimePoint> now_{base::parse_time("2026-03-01T10:00:00Z").value()};
};

class FakeSlots final : public ThreadSlots {
public:
    [[nodiscard]] EngineLoad load() const override { return {threads.load(), busy.load()}; }
    void resize(int count) override { threads = count; }

    std::atomic<int> threads{16};
    std::atomic<int> busy{0};
};

/// The pool's surroundings in memory.
struct PoolWorld {
    SetClock clock;
    base::SystemRandom random;
    base::MetricRegistry metrics;
    support::FakeDatabase database{clock, random};
    support::FakeFleetStore fleet{database};
    support::FakeWorkerRegistry registry;
    support::FakeQueueMonitor queue;
    support::FakeAlarmStore alarms{random};
    support::FakeHttpTransport http;
    FakeSlots slots;
    PoolPorts ports{.registry = registry,
                    .queue = queue,
                    .alarms = alarms,
                    .fleet = fleet,
                    .http = http,
                    .metrics = metrics,
                    .clock = clock,
                    .random = random};
    PoolSettings settings{.self = {.id = base::WorkerId("w1"), .host = "h", .version = "1"},
                          .threads = {.min_workers = 16, .max_workers = 50}};

    /// A queue with this many due jobs and one worker.
    [[nodiscard]] core::QueueStatus status(int due) {
        core::QueueStatus status;
        status.at = clock.now();
        status.due = due;
        status.workers = 1;
        status.slots = 16;
        status.max_slots = 50;
        return status;
    }
    [[nodiscard]] bool shows(const std::string& line) {
        return metrics.text().find(line + "\n") != std::string::npos;
    }
};

}  // namespace hatchery::engine
