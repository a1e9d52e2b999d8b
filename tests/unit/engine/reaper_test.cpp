#include "engine/reaper.hpp"

#include "core/cloud_budget.hpp"
#include "core/ownership.hpp"
#include "engine/proven_cloud.hpp"
#include "simulation/support/seeded_random.hpp"
#include "simulation/support/virtual_clock.hpp"
#include "support/catch.hpp"
#include "support/fake_cloud_ledger.hpp"
#include "support/fake_cloud_provider.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_pool.hpp"
#include "unit/engine/unused_ports.hpp"

using namespace hatchery;
using support::FakeCloudProvider;
using Method = FakeCloudProvider::Method;

namespace {

/// Servers that should be gone, at two providers.
struct World {
    simulation::VirtualClock clock;
    simulation::SeededRandom random{7};
    support::FakeDatabase database{clock, random};
    support::FakeFleetStore fleet{database};
    FakeCloudProvider hetzner{clock};
    FakeCloudProvider digitalocean{clock};
    support::UnusedPorts unused;
    engine::EnginePorts ports = unused.ports(fleet, clock, random);
    engine::Reaper hetzner_reaper{ports, "hetzner"};
    engine::Reaper digitalocean_reaper{ports, "digitalocean"};
    std::stop_source stop;

    World() { ports.clouds = {{"hetzner", &hetzner}, {"digitalocean", &digitalocean}}; }
    void leave_behind(const std::string& provider, FakeCloudProvider& cloud) {
        core::Server row;
        row.id = database.new_id<base::ServerId>();
        row.bot_id = database.new_id<base::BotId>();
        row.deployment_id = database.new_id<base::DeploymentId>();
        row.provider = provider;
        row.name = core::server_name(row.id);
        row.state = core::ServerState::deleting;
        row.provider_server_id = std::to_string(++number);
        database.server_rows[row.id] = row;
        database.deployments[row.deployment_id].ended_at = clock.now();
        providers::CloudServer machine;
        machine.provider_server_id = row.provider_server_id;
        machine.name = row.name;
        machine.labels = core::owner_labels(database.installation(), row.id, row.bot_id);
        cloud.add_server(machine);
    }
    void tick() {
        hetzner_reaper.tick(stop.get_token());
        digitalocean_reaper.tick(stop.get_token());
    }
    int number = 100;
};

base::Error spent() {
    base::Error error{.kind = base::ErrorKind::rate_limited, .effect = base::Effect::none};
    error.code = core::code_request_budget;
    return error;
}

}  // namespace

TEST_CASE("a spent budget ends a provider's round after one ask, and no other's") {
    World world;
    for (int i = 0; i < 20; ++i) world.leave_behind("hetzner", world.hetzner);
    world.leave_behind("digitalocean", world.digitalocean);
    world.hetzner.fail_next(Method::get, 1, spent());
    world.tick();
    CHECK(world.hetzner.calls().size() == 1);
    CHECK(world.digitalocean.calls_of(Method::remove) == 1);
    world.tick();
    CHECK(world.hetzner.calls_of(Method::remove) == 20);
}

TEST_CASE("a provider that does not answer is asked once a round") {
    World world;
    for (int i = 0; i < 20; ++i) world.leave_behind("digitalocean", world.digitalocean);
    world.leave_behind("hetzner", world.hetzner);
    world.digitalocean.fail_next(Method::get, 100, base::ErrorKind::timeout);
    world.tick();
    CHECK(world.digitalocean.calls().size() == 1);
    CHECK(world.hetzner.calls_of(Method::remove) == 1);
}

TEST_CASE("one server that cannot be deleted keeps no other waiting") {
    World world;
    for (int i = 0; i < 3; ++i) world.leave_behind("hetzner", world.hetzner);
    world.hetzner.fail_next(Method::remove, 1, base::ErrorKind::conflict);
    world.tick();
    CHECK(world.hetzner.calls_of(Method::remove) == 3);
}

TEST_CASE("a server that an unproven project does not know keeps none behind it waiting") {
    World world;
    for (int i = 0; i < 3; ++i) world.leave_behind("hetzner", world.hetzner);
    base::Error unproven{.kind = base::ErrorKind::unavailable};
    unproven.code = engine::code_project_unproven;
    world.hetzner.fail_next(Method::get, 1, unproven);
    world.tick();
    CHECK(world.hetzner.calls_of(Method::remove) == 2);
}

TEST_CASE("with another project's token no row ends, and the operator is told") {
    World world;
    support::FakeCloudLedger ledger(world.database);
    support::FakeAlarmStore alarms(world.random);
    // The project of that token has nothing of ours, and knows none of our servers.
    FakeCloudProvider foreign(world.clock);
    world.leave_behind("hetzner", world.hetzner);
    providers::CloudResource firewall{.kind = providers::ResourceKind::firewall};
    firewall.labels[core::label_installation] = world.database.installation().text();
    ledger.marks["hetzner"] = world.hetzner.add_resource(firewall);
    const engine::ProvenCloud::Witnesses witnesses{
        .fleet = world.fleet, .ledger = ledger, .alarms = &alarms, .clock = world.clock};
    engine::ProvenCloud wrong(foreign, witnesses);
    world.ports.clouds["hetzner"] = &wrong;
    const auto row_state = [&] { return world.database.server_rows.begin()->second.state; };
    for (int i = 0; i < 3; ++i) world.tick();
    CHECK(row_state() == core::ServerState::deleting);
    CHECK(alarms.raised().value() == std::vector{core::AlarmKind::project_foreign});
    CHECK(world.hetzner.servers().size() == 1);
    // A firewall of the same name was made anew there: it proves nothing.
    firewall.id = "77";
    foreign.add_resource(firewall);
    world.tick();
    CHECK(row_state() == core::ServerState::deleting);
    // The right token again: the server goes, and then its row.
    engine::ProvenCloud right(world.hetzner, witnesses);
    world.ports.clouds["hetzner"] = &right;
    world.tick();
    CHECK(world.hetzner.servers().empty());
    world.tick();
    CHECK(row_state() == core::ServerState::deleted);
}
