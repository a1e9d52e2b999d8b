#include "engine/machine_watch.hpp"

#include "support/catch.hpp"
#include "upkeep_world.hpp"

namespace hatchery::engine {

namespace {

struct LentWorld : UpkeepWorld {
    MachineWatch machines{ports};

    std::int64_t lend(const std::string& machine) {
        const std::vector<ports::MachineFacts> candidates{{.machine = machine, .host = machine}};
        return allocations.allocate({.name = "server-" + machine}, candidates, 1h).value()->number;
    }
    [[nodiscard]] std::vector<ports::AlarmRecord> told() {
        return alarms.list(std::nullopt, 10).value();
    }
    [[nodiscard]] bool raised() {
        return alarms.raised().value() == std::vector{core::AlarmKind::machine_not_wiped};
    }
};

}  // namespace

TEST_CASE("a machine that is not wiped for some minutes is an alarm, until it is") {
    LentWorld world;
    const auto number = world.lend("tower-1");
    (void)world.lend("tower-2");
    world.clock.advance(wipe_patience);
    world.machines.tick();
    CHECK_FALSE(world.raised());
    REQUIRE(world.allocations.give_back(number));
    world.clock.advance(wipe_patience / 2);
    world.machines.tick();
    CHECK_FALSE(world.raised());
    const std::vector<std::string> known{"tower-1"};
    const auto tried = world.allocations.begin_try(known, 1h).value();
    REQUIRE(tried);
    REQUIRE(world.allocations.failed(number, tried->tries, "It does not answer.", 1s));
    world.clock.advance(wipe_patience / 2);
    world.machines.tick();
    world.machines.tick();
    REQUIRE(world.raised());
    REQUIRE(world.told().size() == 1);
    const auto alarm = world.told().front().alarm;
    CHECK_THAT(alarm.cause, Catch::Contains("tower-1") && Catch::Contains("It does not answer."));
    CHECK_THAT(alarm.next_action,
               Catch::Contains("hatchery cloud destroy tower-1." + std::to_string(number)));
    REQUIRE(world.allocations.wiped(number, tried->tries).value());
    world.machines.tick();
    CHECK_FALSE(world.raised());
}

TEST_CASE("a machine that nobody can wipe any more is forgotten, and the alarm ends") {
    LentWorld world;
    const auto number = world.lend("tower-1");
    CHECK_FALSE(world.allocations.forget(number).value());
    REQUIRE(world.allocations.give_back(number));
    world.clock.advance(wipe_patience);
    world.machines.tick();
    REQUIRE(world.raised());
    CHECK_THAT(world.told().front().alarm.cause, Catch::Contains("no process has it"));
    CHECK(world.allocations.forget(number).value());
    world.machines.tick();
    CHECK_FALSE(world.raised());
}

}  // namespace hatchery::engine
