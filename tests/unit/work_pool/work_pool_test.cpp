#include "engine/work_pool.hpp"

#include <atomic>
#include <set>
#include <thread>

#include "pool_world.hpp"
#include "support/catch.hpp"

namespace hatchery::work_pool_tests {

namespace {

using namespace std::chrono_literals;
using core::OperationKind;
using core::OperationState;
using engine::JobRunner;
using engine::StepContext;
using engine::WorkPool;

core::StepOutcome do_nothing(StepContext&) { return core::Succeeded{}; }

/// A step that waits until the test lets it go on, or it is asked to stop.
class Gate {
public:
    core::StepOutcome pass(StepContext& context) {
        const auto call = context.call(10s);
        bell_.change([&] { ++inside_; });
        while (!open_ && !call.stop.stop_requested()) std::this_thread::yield();
        bell_.change([&] { --inside_; });
        if (open_) return core::Succeeded{};
        return engine::failed({.kind = base::ErrorKind::cancelled, .message = "cut"});
    }
    void open() { open_ = true; }
    [[nodiscard]] bool wait_inside(int count) {
        return bell_.wait([&] { return inside_ == count; });
    }

private:
    Bell bell_;
    int inside_ = 0;
    std::atomic<bool> open_{false};
};

}  // namespace

TEST_CASE("a pool takes every operation it was given to its end") {
    PoolWorld world;
    JobRunner runner(world.ports, world.settings, do_nothing);
    WorkPool pool(runner, world.ports, world.settings);
    pool.start();
    const auto operations = world.start(200);
    pool.add(world.claim(200));
    REQUIRE(world.all_ended(operations));
    for (const auto& operation : operations) {
        CHECK(world.state_of(operation) == OperationState::succeeded);
        // One job a step, each run once.
        CHECK(world.database.jobs(operation.id).size() == 5);
    }
    pool.drain(1s, 5s);
}

TEST_CASE("a pool has room for one job a free thread while steps take their time") {
    PoolWorld world;
    Gate gate;
    JobRunner runner(world.ports, world.settings,
                     [&](StepContext& context) { return gate.pass(context); });
    WorkPool pool(runner, world.ports, world.settings);
    pool.start();
    CHECK(pool.room() == 4);
    const auto operations = world.start(3, OperationKind::destroy);
    pool.add(world.claim(3));
    REQUIRE(gate.wait_inside(3));
    CHECK(pool.busy() == 3);
    CHECK(pool.room() == 1);
    gate.open();
    REQUIRE(world.all_ended(operations));
    pool.drain(1s, 5s);
}

TEST_CASE("a pool grows and shrinks while it works") {
    PoolWorld world;
    world.settings.threads = 1;
    Gate gate;
    JobRunner runner(world.ports, world.settings,
                     [&](StepContext& context) { return gate.pass(context); });
    WorkPool pool(runner, world.ports, world.settings);
    pool.start();
    const auto operations = world.start(6, OperationKind::destroy);
    pool.add(world.claim(6));
    REQUIRE(gate.wait_inside(1));
    pool.resize(6);
    REQUIRE(gate.wait_inside(6));
    pool.resize(2);
    CHECK(pool.threads() == 2);
    gate.open();
    REQUIRE(world.all_ended(operations));
    pool.resize(3);
    const auto more = world.start(20);
    pool.add(world.claim(20));
    REQUIRE(world.all_ended(more));
    pool.drain(1s, 5s);
}

TEST_CASE("a drain gives back at once what no thread has begun, and counts no attempt") {
    PoolWorld world;
    world.settings.threads = 1;
    Gate gate;
    JobRunner runner(world.ports, world.settings,
                     [&](StepContext& context) { return gate.pass(context); });
    WorkPool pool(runner, world.ports, world.settings);
    pool.start();
    const auto operations = world.start(3, OperationKind::destroy);
    pool.add(world.claim(3));
    REQUIRE(gate.wait_inside(1));
    // The running step does not end by itself: it is cut, and its job is given back too.
    pool.drain(50ms, 5s);
    const auto again = world.claim(10);
    REQUIRE(again.size() == 3);
    for (const auto& job : again) {
        CHECK(job.job.failures == 0);
        CHECK(job.job.rescues == 0);
    }
}

TEST_CASE(
    "a step that ends within the grace of a drain is written, and its next is left to others") {
    PoolWorld world;
    Gate gate;
    JobRunner runner(world.ports, world.settings,
                     [&](StepContext& context) { return gate.pass(context); });
    WorkPool pool(runner, world.ports, world.settings);
    pool.start();
    const auto operations = world.start(1);
    pool.add(world.claim(1));
    REQUIRE(gate.wait_inside(1));
    std::jthread drain([&] { pool.drain(5s, 9s); });
    while (pool.room() > 0) std::this_thread::yield();
    gate.open();
    drain.join();
    const auto rows = world.database.jobs(operations[0].id);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].job.state == core::JobState::succeeded);
    CHECK(rows[1].job.state == core::JobState::available);
}

TEST_CASE("a drain that a step does not heed gives its lease back all the same") {
    PoolWorld world;
    Bell bell;
    bool inside = false;
    std::atomic<bool> over{false};
    JobRunner runner(world.ports, world.settings, [&](StepContext&) -> core::StepOutcome {
        bell.change([&] { inside = true; });
        while (!over) std::this_thread::yield();
        return core::Succeeded{};
    });
    WorkPool pool(runner, world.ports, world.settings);
    pool.start();
    const auto operations = world.start(1, OperationKind::destroy);
    pool.add(world.claim(1));
    REQUIRE(bell.wait([&] { return inside; }));
    pool.drain(20ms, 100ms);
    const auto again = world.claim(1);
    REQUIRE(again.size() == 1);
    CHECK(again[0].job.failures == 0);
    // Its late result is thrown away: another worker holds the job.
    over = true;
    while (pool.busy() > 0) std::this_thread::yield();
    CHECK(world.database.jobs(operations[0].id)[0].job.state == core::JobState::running);
}

TEST_CASE("results are written when the database is back, without another run of the step") {
    PoolWorld world;
    std::atomic<int> runs{0};
    JobRunner runner(world.ports, world.settings, [&](StepContext&) -> core::StepOutcome {
        if (runs++ == 0) world.database.fail_next(3);
        return core::Succeeded{};
    });
    WorkPool pool(runner, world.ports, world.settings);
    pool.start();
    const auto operations = world.start(1, OperationKind::destroy);
    pool.add(world.claim(1));
    REQUIRE(world.all_ended(operations));
    CHECK(runs == 2);
    pool.drain(1s, 5s);
}

TEST_CASE("a run whose lease was lost is asked to stop, and its result is thrown away") {
    PoolWorld world;
    world.settings.lease_for = 30ms;
    Gate gate;
    JobRunner runner(world.ports, world.settings,
                     [&](StepContext& context) { return gate.pass(context); });
    WorkPool pool(runner, world.ports, world.settings);
    pool.start();
    const auto operations = world.start(1, OperationKind::destroy);
    const auto first = world.claim(1);
    pool.add(first);
    REQUIRE(gate.wait_inside(1));
    while (world.jobs.rescue(world.clock.now()).value() == 0) std::this_thread::yield();
    const auto second =
        world.jobs.claim({.worker = base::WorkerId("other"), .now = world.clock.now()}).value();
    REQUIRE(second.size() == 1);
    CHECK(second[0].job.rescues == 1);
    pool.renew();
    REQUIRE(gate.wait_inside(0));
    while (pool.busy() > 0) std::this_thread::yield();
    CHECK(world.jobs
              .apply(second[0],
                     {.now = world.clock.now(), .operation_end = OperationState::succeeded})
              .value()
              .accepted);
    pool.drain(1s, 5s);
}

TEST_CASE("while steps take next to no time the pool has room for more than its threads") {
    PoolWorld world;
    JobRunner runner(world.ports, world.settings, do_nothing);
    WorkPool pool(runner, world.ports, world.settings);
    pool.start();
    // On a busy machine some runs are interrupted, and the pool takes a little longer to be sure.
    int room = 0;
    for (int i = 0; i < 200 && room <= 100; ++i) {
        const auto operations = world.start(10, OperationKind::destroy);
        pool.add(world.claim(10));
        REQUIRE(world.all_ended(operations));
        room = pool.room();
    }
    CHECK(room > 100);
    pool.drain(1s, 5s);
}

}  // namespace hatchery::work_pool_tests
