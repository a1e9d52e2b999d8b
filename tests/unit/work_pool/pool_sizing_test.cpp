// The size of the pool over a real engine: threads that are decided are threads that work.
#include "engine/engine.hpp"
#include "engine/worker_pulse.hpp"
#include "pool_world.hpp"
#include "support/catch.hpp"
#include "support/fake_pool.hpp"

namespace hatchery::work_pool_tests {

namespace {

using namespace std::chrono_literals;
using engine::StepContext;

/// A step that holds its thread until the test lets it go.
class Gate {
public:
    core::StepOutcome pass() {
        bell.change([&] { ++inside_; });
        (void)bell.wait([&] { return open_; });
        bell.change([&] { --inside_; });
        return core::Succeeded{};
    }
    [[nodiscard]] bool wait_for(int inside) {
        return bell.wait([&] { return inside_ == inside; });
    }
    void open() {
        bell.change([&] { open_ = true; });
    }

private:
    Bell bell;
    int inside_ = 0;
    bool open_ = false;
};

}  // namespace

TEST_CASE("an engine's threads follow the queue, and more of them work") {
    PoolWorld world;
    world.settings.threads = 2;
    world.settings.poll_every = 20ms;
    Gate gate;
    const auto engine =
        engine::make_engine(world.ports, world.settings, [&](StepContext&) { return gate.pass(); });
    support::FakeWorkerRegistry registry;
    support::FakeQueueMonitor queue;
    support::FakeAlarmStore alarms(world.random);
    base::MetricRegistry metrics;
    const engine::PoolPorts ports{.registry = registry,
                                  .queue = queue,
                                  .alarms = alarms,
                                  .fleet = world.fleet,
                                  .http = world.http,
                                  .metrics = metrics,
                                  .clock = world.clock,
                                  .random = world.random};
    const engine::PoolSettings settings{.self = {.id = world.settings.worker},
                                        .threads = {.min_workers = 2,
                                                    .max_workers = 8,
                                                    .out_after = base::Milliseconds{0},
                                                    .in_after = base::Milliseconds{0}}};
    engine::WorkerPulse pulse(ports, settings, *engine);
    const auto beat = [&](int due) {
        core::QueueStatus status;
        status.at = world.clock.now();
        status.due = due;
        status.workers = 1;
        registry.set_status(status);
        pulse.beat();
    };

    const auto operations = world.start(8);
    engine->start();
    REQUIRE(gate.wait_for(2));
    beat(6);
    CHECK(engine->load().threads == 2);
    beat(100);
    CHECK(engine->load().threads == 8);
    REQUIRE(gate.wait_for(8));
    CHECK(engine->load().busy == 8);
    // What is busy is not taken away.
    beat(0);
    CHECK(engine->load().threads == 8);
    gate.open();
    CHECK(world.all_ended(operations));
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (engine->load().busy > 0) REQUIRE(std::chrono::steady_clock::now() < deadline);
    beat(0);
    CHECK(engine->load().threads == 2);
    CHECK(registry.list().value()[0].max_slots == 8);
    engine->drain(5s);
}

TEST_CASE("an engine without threads takes nothing until it is given some") {
    PoolWorld world;
    world.settings.threads = 0;
    world.settings.poll_every = 20ms;
    const auto engine = engine::make_engine(world.ports, world.settings,
                                            [](StepContext&) { return core::Succeeded{}; });
    const auto operations = world.start(3);
    engine->start();
    engine->hint();
    CHECK(engine->load().threads == 0);
    CHECK(world.state_of(operations[0]) == core::OperationState::pending);
    engine->resize(1);
    CHECK(world.all_ended(operations));
    engine->drain(5s);
}

}  // namespace hatchery::work_pool_tests
