#include <atomic>
#include <thread>

#include "engine/engine.hpp"
#include "pool_world.hpp"
#include "support/catch.hpp"

namespace hatchery::work_pool_tests {

namespace {

using namespace std::chrono_literals;
using core::OperationState;
using engine::StepContext;

}  // namespace

TEST_CASE("a hint makes an idle engine take a job long before its next look") {
    PoolWorld world;
    world.settings.poll_every = 1h;
    const auto engine = engine::make_engine(world.ports, world.settings,
                                            [](StepContext&) { return core::Succeeded{}; });
    world.database.on_jobs_ready([&] { engine->hint(); });
    engine->start();
    const auto operations = world.start(50);
    CHECK(world.all_ended(operations));
    engine->drain(5s);
    world.database.on_jobs_ready({});
}

TEST_CASE("without hints an engine finds its work by looking") {
    PoolWorld world;
    world.settings.poll_every = 20ms;
    const auto engine = engine::make_engine(world.ports, world.settings,
                                            [](StepContext&) { return core::Succeeded{}; });
    engine->start();
    const auto operations = world.start(20);
    CHECK(world.all_ended(operations));
    engine->drain(5s);
}

TEST_CASE("an engine takes only what its capabilities allow") {
    PoolWorld world;
    world.settings.poll_every = 20ms;
    world.settings.capabilities = R"({"provider":["hetzner"]})";
    const auto engine = engine::make_engine(world.ports, world.settings,
                                            [](StepContext&) { return core::Succeeded{}; });
    const auto start = [&](const std::string& requirements) {
        const auto bot = world.database.add_bot();
        return world.jobs
            .start_operation({.bot_id = bot.id,
                              .user_id = bot.user_id,
                              .now = world.clock.now(),
                              .deadline_at = world.clock.now() + 1h,
                              .requirements = requirements})
            .value();
    };
    const auto elsewhere = start(R"({"provider":"digitalocean"})");
    const auto here = start(R"({"provider":"hetzner"})");
    engine->start();
    CHECK(world.all_ended({here}));
    CHECK(world.state_of(elsewhere) == OperationState::pending);
    engine->drain(5s);
}

TEST_CASE("a due job that no claim takes does not make an engine ask again and again") {
    PoolWorld world;
    world.settings.poll_every = 1h;
    (void)world.start(1);
    world.jobs.keep_from_claims();
    const auto engine = engine::make_engine(world.ports, world.settings,
                                            [](StepContext&) { return core::Succeeded{}; });
    const auto before = std::chrono::steady_clock::now();
    engine->start();
    while (world.jobs.claims() < 10 && std::chrono::steady_clock::now() < before + 20s) {
        std::this_thread::yield();
    }
    CHECK(world.jobs.claims() >= 10);
    // Each rest is twice the one before; a hint may cut some of the first ones short.
    CHECK(std::chrono::steady_clock::now() - before >= 250ms);
    engine->drain(5s);
}

TEST_CASE("the jobs of an engine that died go on in another one within the lease") {
    PoolWorld world;
    world.settings.lease_for = 600ms;
    world.settings.poll_every = 20ms;
    // What a process that dies leaves: jobs that it holds and nobody renews.
    const auto operations = world.start(5);
    const auto before = std::chrono::steady_clock::now();
    REQUIRE(world.claim(5).size() == 5);
    const auto engine = engine::make_engine(world.ports, world.settings,
                                            [](StepContext&) { return core::Succeeded{}; });
    engine->start();
    REQUIRE(world.all_ended(operations));
    const auto took = std::chrono::steady_clock::now() - before;
    CHECK(took >= 550ms);
    CHECK(took < 5s);
    for (const auto& operation : operations) {
        CHECK(world.database.jobs(operation.id).front().job.rescues == 1);
    }
    engine->drain(5s);
}

TEST_CASE("two engines share the work and each step is run once") {
    PoolWorld world;
    world.settings.poll_every = 10ms;
    std::atomic<int> runs{0};
    const auto count = [&](StepContext&) -> core::StepOutcome {
        ++runs;
        return core::Succeeded{};
    };
    const auto one = engine::make_engine(world.ports, world.settings, count);
    const auto two = engine::make_engine(world.ports, world.settings, count);
    one->start();
    two->start();
    const auto operations = world.start(300);
    CHECK(world.all_ended(operations));
    one->drain(5s);
    two->drain(5s);
    CHECK(runs == 1'500);
}

}  // namespace hatchery::work_pool_tests
