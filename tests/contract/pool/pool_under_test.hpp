#pragma once

#include <memory>

#include "base/random.hpp"
#include "store/pg_alarm_store.hpp"
#include "store/pg_worker_registry.hpp"
#include "support/catch.hpp"
#include "support/fake_pool.hpp"
#include "support/pg_cluster.hpp"

namespace hatchery::contract {

enum class Backend { memory, postgres };

/// A registry and an alarm store of either kind.
struct PoolUnderTest {
    explicit PoolUnderTest(Backend backend) {
        if (backend == Backend::memory) {
            registry = std::make_unique<support::FakeWorkerRegistry>();
            alarms = std::make_unique<support::FakeAlarmStore>(random);
            return;
        }
        database = support::PgCluster::shared().create_database();
        registry = store::make_pg_worker_registry(database->pool());
        alarms = store::make_pg_alarm_store(database->pool(), random);
    }

    base::SystemRandom random;
    std::unique_ptr<support::TestDatabase> database;
    std::unique_ptr<ports::WorkerRegistry> registry;
    std::unique_ptr<ports::AlarmStore> alarms;
};

[[nodiscard]] inline Backend backends() { return GENERATE(Backend::memory, Backend::postgres); }

/// A fixed moment that the tests count from; whole seconds.
[[nodiscard]] inline base::TimePoint at(long long seconds) {
    return base::parse_time("2026-03-01T10:00:00Z").value() + std::chrono::seconds(seconds);
}

}  // namespace hatchery::contract
