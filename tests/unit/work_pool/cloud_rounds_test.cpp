// One provider that hangs keeps no other's rounds waiting.
#include "core/ownership.hpp"
#include "engine/engine.hpp"
#include "pool_world.hpp"
#include "support/catch.hpp"

namespace hatchery::work_pool_tests {

namespace {

using namespace std::chrono_literals;
using support::FakeCloudProvider;

/// A machine with our label that no row knows.
void add_stray(PoolWorld& world, FakeCloudProvider& cloud) {
    const auto id = world.database.new_id<base::ServerId>();
    providers::CloudServer machine;
    machine.provider_server_id = "1";
    machine.name = core::server_name(id);
    machine.labels =
        core::owner_labels(world.database.installation(), id, world.database.new_id<base::BotId>());
    cloud.add_server(machine);
}

}  // namespace

TEST_CASE("a provider that hangs keeps no other's orphans alive") {
    PoolWorld world;
    FakeCloudProvider hanging(world.clock);
    FakeCloudProvider good(world.clock);
    Bell bell;
    bool open = false;
    bool entered = false;
    hanging.before_each_call([&](FakeCloudProvider::Method) {
        bell.change([&] { entered = true; });
        (void)bell.wait([&] { return open; });
    });
    good.before_each_call([&](FakeCloudProvider::Method) { bell.ring(); });
    add_stray(world, good);
    // The one that hangs comes first.
    world.ports.clouds = {{"digitalocean", &hanging}, {"hetzner", &good}};
    world.settings.stray_grace = 300ms;
    const auto engine = engine::make_engine(world.ports, world.settings,
                                            [](engine::StepContext&) { return core::Succeeded{}; });
    engine->start();
    CHECK(bell.wait([&] { return entered; }));
    CHECK(bell.wait([&] { return good.servers().empty(); }));
    bell.change([&] { open = true; });
    engine->drain(5s);
}

}  // namespace hatchery::work_pool_tests
