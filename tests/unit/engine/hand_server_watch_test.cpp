#include "engine/hand_server_watch.hpp"

#include "core/ownership.hpp"
#include "engine/late_create.hpp"
#include "simulation/support/seeded_random.hpp"
#include "simulation/support/virtual_clock.hpp"
#include "support/catch.hpp"
#include "support/fake_cloud_provider.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_hand_servers.hpp"
#include "unit/engine/unused_ports.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using core::ServerState;
using Method = support::FakeCloudProvider::Method;

namespace {

struct World {
    base::SteadyTime steady{1h};
    base::SteadyTimeScope scope{[this] { return steady; }};
    simulation::VirtualClock clock;
    simulation::SeededRandom random{7};
    support::FakeDatabase database{clock, random};
    support::FakeFleetStore fleet{database};
    support::FakeCloudProvider cloud{clock};
    support::FakeHandServers servers;
    support::UnusedPorts unused;
    engine::EnginePorts ports = unused.ports(fleet, clock, random);
    std::stop_source stop;
    engine::HandServerWatch watch{ports, "hetzner"};

    World() {
        ports.clouds["hetzner"] = &cloud;
        ports.hand_servers = &servers;
    }
    void look(base::Milliseconds after = 10s) {
        steady += after;
        clock.advance(after);
        watch.tick(stop.get_token());
    }
    core::Server plan() {
        return servers
            .plan({.id = database.new_id<base::ServerId>(),
                   .made_by = database.new_id<base::UserId>(),
                   .provider = "hetzner",
                   .region = "fsn1",
                   .type = "cx23",
                   .image = "debian-12"},
                  clock.now())
            .value()
            .server.value();
    }
    /// What a create without an answer leaves at the provider.
    void make_machine(const core::Server& row) {
        (void)cloud.create_server(
            {.name = row.name,
             .region = row.region,
             .type = row.type,
             .image = row.image,
             .labels = core::owner_labels(database.installation(), row.id, {})},
            base::Call::within(1s));
    }
    core::Server now(const core::Server& row) { return servers.find(row.id).value().value(); }
};

}  // namespace

TEST_CASE("a server by hand whose answer was lost is found by its name, and seen to run") {
    World world;
    const auto row = world.plan();
    world.make_machine(row);
    world.look();
    CHECK(world.now(row).state == ServerState::booting);
    CHECK_FALSE(world.now(row).provider_server_id.empty());
    world.look(5min);
    CHECK(world.now(row).state == ServerState::ready);
    CHECK(world.cloud.calls_of(Method::create) == 1);
}

TEST_CASE("a server by hand of which no machine turns up was never made") {
    World world;
    const auto row = world.plan();
    world.look();
    world.look(engine::late_create_limit / 2);
    CHECK(world.now(row).state == ServerState::creating);
    world.look(engine::late_create_limit);
    CHECK(world.now(row).state == ServerState::deleted);
    CHECK(world.cloud.calls_of(Method::create) == 0);
}

TEST_CASE("a server by hand that its provider does not show yet is not given up") {
    World world;
    auto row = world.plan();
    row.provider_server_id = "4711";
    REQUIRE(world.servers.made(row).value());
    world.look();
    CHECK(world.now(row).state == ServerState::booting);
    world.look(engine::late_create_limit / 2);
    CHECK(world.now(row).state == ServerState::booting);
    world.look(engine::late_create_limit);
    CHECK(world.now(row).state == ServerState::deleted);
}

TEST_CASE(
    "a server by hand is gone when the provider no longer lists it, however often it refuses") {
    World world;
    const auto row = world.plan();
    world.make_machine(row);
    world.look();
    REQUIRE(world.servers.condemn(row.id).value());
    world.cloud.fail_next(Method::remove, 1, base::ErrorKind::conflict);
    world.look();
    CHECK(world.now(row).state == ServerState::deleting);
    world.look();
    world.look(5min);
    world.look();
    CHECK(world.now(row).state == ServerState::deleted);
}

TEST_CASE("a machine that took the name of a server by hand and is a stranger's is not deleted") {
    World world;
    const auto row = world.plan();
    (void)world.cloud.create_server({.name = row.name,
                                     .region = row.region,
                                     .type = row.type,
                                     .image = row.image,
                                     .labels = {{core::label_installation, "another"}}},
                                    base::Call::within(1s));
    REQUIRE(world.servers.condemn(row.id).value());
    world.look();
    CHECK(world.cloud.calls_of(Method::remove) == 0);
    CHECK(world.now(row).state == ServerState::deleting);
}
