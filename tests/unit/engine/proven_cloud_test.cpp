#include "engine/proven_cloud.hpp"

#include "core/ownership.hpp"
#include "simulation/support/seeded_random.hpp"
#include "simulation/support/virtual_clock.hpp"
#include "support/catch.hpp"
#include "support/fake_cloud_ledger.hpp"
#include "support/fake_cloud_provider.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_pool.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
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
    support::FakeCloudLedger ledger{database};
    support::FakeAlarmStore alarms{random};
    engine::ProvenCloud proven{
        cloud, {.fleet = fleet, .ledger = ledger, .alarms = &alarms, .clock = clock}};

    std::string add_firewall(const std::string& server = {}) {
        providers::CloudResource firewall{.kind = providers::ResourceKind::firewall};
        firewall.labels[core::label_installation] = database.installation().text();
        if (!server.empty()) firewall.labels[core::label_server] = server;
        return cloud.add_resource(firewall);
    }
    /// A row that knows a machine there.
    void know_a_machine() {
        core::Server row;
        row.id = database.new_id<base::ServerId>();
        row.provider = "hetzner";
        row.state = core::ServerState::ready;
        row.provider_server_id = "4711";
        database.server_rows[row.id] = row;
    }
    auto look() { return proven.get_server("4711", base::Call::within(30s)); }
    auto search() { return proven.find_server("hatchery-x", base::Call::within(30s)); }
};

}  // namespace

TEST_CASE("a project that shows the mark is believed, and asked for the proof once") {
    World world;
    world.ledger.marks["hetzner"] = world.add_firewall();
    const auto found = world.look();
    REQUIRE(found);
    CHECK_FALSE(found->has_value());
    CHECK(world.search());
    CHECK(world.look());
    CHECK(world.cloud.calls_of(Method::list_resources) == 1);
    CHECK(world.alarms.raised().value().empty());
}

TEST_CASE("a project that does not show the mark is not believed, by id or by name") {
    World world;
    world.know_a_machine();
    world.ledger.marks["hetzner"] = "1";
    (void)world.add_firewall();
    for (const auto& found : {world.look(), world.search()}) {
        REQUIRE_FALSE(found);
        CHECK(found.error().kind == base::ErrorKind::unavailable);
        CHECK(found.error().effect == base::Effect::none);
        CHECK(found.error().code == engine::code_project_unproven);
    }
    CHECK(world.alarms.raised().value() == std::vector{core::AlarmKind::project_foreign});
    CHECK(world.alarms.list(std::nullopt, 1).value().at(0).alarm.subject == "hetzner");
}

TEST_CASE("without a mark a firewall of the installation is proof, and one of a server is none") {
    World world;
    (void)world.add_firewall("a-server");
    CHECK_FALSE(world.look());
    (void)world.add_firewall();
    world.steady += 10s;
    CHECK(world.look());
}

TEST_CASE("a proof that is lacking is asked for again only after a while") {
    World world;
    world.ledger.marks["hetzner"] = "1";
    for (int i = 0; i < 5; ++i) CHECK_FALSE(world.look());
    CHECK(world.cloud.calls_of(Method::list_resources) == 1);
    world.steady += 10s;
    CHECK_FALSE(world.look());
    CHECK(world.cloud.calls_of(Method::list_resources) == 2);
}

TEST_CASE("what the project shows is believed without a proof") {
    World world;
    providers::CloudServer server;
    server.provider_server_id = "4711";
    world.cloud.add_server(server);
    const auto found = world.look();
    REQUIRE(found);
    CHECK(found->has_value());
    CHECK(world.cloud.calls_of(Method::list_resources) == 0);
}

TEST_CASE("as long as no row knows a machine, a name that is not found is believed") {
    World world;
    const auto found = world.search();
    REQUIRE(found);
    CHECK_FALSE(found->has_value());
    CHECK(world.alarms.raised().value().empty());
    // It was no proof.
    CHECK_FALSE(world.look());
    world.know_a_machine();
    CHECK_FALSE(world.search());
}

TEST_CASE("a server that is found with our label is proof") {
    World world;
    world.know_a_machine();
    providers::CloudServer server;
    server.provider_server_id = "4711";
    server.name = "hatchery-x";
    server.labels[core::label_installation] = "somebody-else";
    world.cloud.add_server(server);
    CHECK(world.look());
    CHECK_FALSE(world.proven.get_server("4712", base::Call::within(30s)));
    server.provider_server_id = "4713";
    server.labels[core::label_installation] = world.database.installation().text();
    world.cloud.add_server(server);
    CHECK(world.proven.get_server("4713", base::Call::within(30s)));
    CHECK(world.proven.get_server("4712", base::Call::within(30s)));
}

TEST_CASE("a proof that cannot be had is an error, and no alarm") {
    World world;
    world.cloud.fail_next(Method::list_resources, 1, base::ErrorKind::timeout);
    const auto found = world.look();
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == base::ErrorKind::timeout);
    CHECK(world.alarms.raised().value().empty());
}
