#include <algorithm>

#include "simulation/deploy/world.hpp"
#include "support/catch.hpp"
#include "support/fake_cloud_ledger.hpp"
#include "support/fake_pool.hpp"

// Deployments under a ceiling of costs, and those whose deadline is near.

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using core::OperationState;
using simulation::World;
using support::FakeCloudProvider;

namespace {

/// A world with a ledger, alarms and a ceiling that leaves room for one small server.
struct BoundedWorld : World {
    explicit BoundedWorld(std::uint64_t seed) : World(seed) {
        ports().ledger = &ledger;
        ports().alarms = &alarms;
        settings().ceilings["hetzner"] = 5.0;
    }
    core::Operation deploy(const core::Bot& bot) {
        return run_to_end(start(bot.id, OperationKind::deploy).id);
    }
    [[nodiscard]] int creates() const { return cloud.calls_of(FakeCloudProvider::Method::create); }

    support::FakeCloudLedger ledger{database};
    support::FakeAlarmStore alarms{random};
};

}  // namespace

TEST_CASE("at the ceiling nothing is created, user and operator hear why, and room lets it go on") {
    BoundedWorld world(51);
    const auto first = world.add_bot();
    const auto second = world.add_bot();
    REQUIRE(world.deploy(first).state == OperationState::succeeded);
    REQUIRE(world.creates() == 1);

    const auto refused = world.deploy(second);
    REQUIRE(refused.state == OperationState::failed);
    CHECK(world.creates() == 1);
    CHECK(refused.error->code == "cost_ceiling");
    CHECK(refused.error->message ==
          "Nothing more is created at hetzner now: the operator's limit on costs is reached.");
    CHECK(refused.error->next_action ==
          "Tell the operator, or deploy again when servers were given back.");
    const auto alarms = world.alarms.list(std::nullopt, 10).value();
    REQUIRE(alarms.size() == 1);
    CHECK(alarms[0].alarm.kind == core::AlarmKind::cost_ceiling);
    CHECK(alarms[0].alarm.cause.find("6.98 EUR") != std::string::npos);
    CHECK(alarms[0].alarm.cause.find("5.00 EUR") != std::string::npos);
    CHECK_FALSE(alarms[0].alarm.next_action.empty());

    const auto destroyed = world.start(first.id, OperationKind::destroy);
    REQUIRE(world.run_to_end(destroyed.id).state == OperationState::succeeded);
    REQUIRE(world.deploy(second).state == OperationState::succeeded);
    CHECK(world.creates() == 2);
    CHECK(world.cloud.servers().size() == 1);
}

TEST_CASE("wherever a worker dies, what it leaves half done is within the ceiling") {
    for (int call = 0; call < 40; ++call) {
        INFO("died at call " << call);
        BoundedWorld world(52);
        const auto first = world.add_bot();
        const auto second = world.add_bot();
        REQUIRE(world.deploy(first).state == OperationState::succeeded);
        const auto operation = world.start(second.id, OperationKind::deploy);
        world.crash_point.arm(call);
        REQUIRE(world.run_to_end(operation.id).state == OperationState::failed);
        REQUIRE(world.creates() == 1);
        if (world.crashes == 0) return;
    }
    FAIL("The walk does not end.");
}

TEST_CASE("below a ceiling nothing is created as long as nobody knows what it costs") {
    BoundedWorld world(53);
    const auto bot = world.add_bot();
    world.cloud.fail_next(FakeCloudProvider::Method::offers, 2, base::ErrorKind::unavailable);
    const auto operation = world.start(bot.id, OperationKind::deploy);
    while (world.cloud.calls_of(FakeCloudProvider::Method::offers) < 3) {
        REQUIRE(world.creates() == 0);
        world.step();
    }
    REQUIRE(world.run_to_end(operation.id).state == OperationState::succeeded);
    CHECK(world.database.servers().at(0).price_monthly == "3.4900");
}

TEST_CASE("shortly before its deadline an operation sends no create that it would have to cut") {
    BoundedWorld world(54);
    const auto bot = world.add_bot();
    const auto operation = world.start(bot.id, OperationKind::deploy);
    // The operation has half an hour.
    world.clock.advance(29min);
    REQUIRE(world.run_to_end(operation.id).state == OperationState::failed);
    CHECK(world.creates() == 0);
    // Nobody has to look for what was never asked for.
    CHECK(world.cloud.calls_of(FakeCloudProvider::Method::find) == 0);
    const auto events = world.database.events(bot.id);
    CHECK(std::ranges::any_of(events, [](const core::Event& event) {
        return event.message.find("No server is asked for any more") != std::string::npos;
    }));
}
