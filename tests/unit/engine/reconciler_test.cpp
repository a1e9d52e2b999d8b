#include <set>

#include "core/cloud_alarms.hpp"
#include "engine/cloud_alarm_watch.hpp"
#include "engine/late_create.hpp"
#include "support/catch.hpp"
#include "support/post_times.hpp"
#include "unit/engine/reconciler_world.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using core::ServerState;
using providers::CloudServerStatus;
using support::FakeCloudProvider;
using World = support::ReconcilerWorld;

TEST_CASE("what nobody owns goes after one grace period and one sweep, and nothing else") {
    World world;
    (void)world.add_server();
    const auto stray = world.add_stray();
    auto foreign = world.add_row();
    world.database.server_rows.erase(foreign.id);
    world.add_machine(foreign, CloudServerStatus::running,
                      world.database.new_id<base::InstallationId>());
    for (int i = 0; i < 3; ++i) {
        world.sweep();
        REQUIRE(world.cloud.servers().size() == 3);
    }
    CHECK(world.ledger.kept.at("hetzner").report.find(R"("trouble":"stray")") != std::string::npos);
    world.sweep();
    REQUIRE(world.cloud.servers().size() == 2);
    for (const auto& left : world.cloud.servers()) {
        CHECK(left.provider_server_id != stray.provider_server_id);
    }
    CHECK_FALSE(world.is_raised(core::AlarmKind::strays_kept));
}

TEST_CASE("what was given to others since the list is not destroyed") {
    World world;
    const auto stray = world.add_stray();
    for (int i = 0; i < 3; ++i) world.sweep();
    world.cloud.before_each_call([&](FakeCloudProvider::Method method) {
        if (method != FakeCloudProvider::Method::get) return;
        world.cloud.vanish(stray.provider_server_id);
        world.add_machine(stray, CloudServerStatus::running,
                          base::InstallationId("0197f0c2-0000-7000-8000-000000000099"));
    });
    world.sweep();
    CHECK(world.cloud.servers().size() == 1);
    CHECK(world.cloud.calls_of(FakeCloudProvider::Method::remove) == 0);
}

TEST_CASE("strays that are only reported raise an alarm until they are gone") {
    World world;
    world.settings.destroy_strays = false;
    const auto stray = world.add_stray();
    for (int i = 0; i < 4; ++i) world.sweep();
    CHECK(world.cloud.servers().size() == 1);
    CHECK(world.is_raised(core::AlarmKind::strays_kept));
    world.cloud.vanish(stray.provider_server_id);
    world.sweep();
    CHECK_FALSE(world.is_raised(core::AlarmKind::strays_kept));
}

TEST_CASE("a server that is gone at the provider fails its bot, at the first sweep") {
    World world;
    for (int i = 0; i < 4; ++i) (void)world.add_server();
    const auto lost = world.add_row();
    const auto booting = world.add_row(ServerState::booting);
    world.add_machine(booting);
    (void)world.add_row(ServerState::deleting);
    world.sweep();
    CHECK(world.ledger.vanished == std::vector<base::ServerId>{lost.id});
    CHECK(world.is_raised(core::AlarmKind::server_vanished));
    world.database.server_rows.erase(lost.id);
    world.sweep();
    engine::CloudAlarmWatch watch(world.ports);
    watch.tick();
    CHECK(world.is_raised(core::AlarmKind::server_vanished));
    world.clock.advance(1h);
    watch.tick();
    CHECK_FALSE(world.is_raised(core::AlarmKind::server_vanished));
}

TEST_CASE("a list that lags behind fails nobody") {
    World world;
    for (int i = 0; i < 4; ++i) (void)world.add_server();
    const auto late = world.add_row();
    world.cloud.before_each_call([&](FakeCloudProvider::Method method) {
        if (method == FakeCloudProvider::Method::get) world.add_machine(late);
    });
    world.sweep();
    CHECK(world.ledger.vanished.empty());
}

TEST_CASE("when most servers are missing the project is doubted, and no bot is failed") {
    World world;
    for (int i = 0; i < 5; ++i) (void)world.add_row();
    (void)world.add_server();
    world.sweep();
    CHECK(world.ledger.vanished.empty());
    CHECK(world.is_raised(core::AlarmKind::project_foreign));
}

TEST_CASE(
    "the only server is missing in a project that shows nothing of ours, and is not given up") {
    World world;
    const auto row = world.add_server();
    const auto mark = world.add_firewall();
    world.sweep();
    CHECK(world.ledger.marks.at("hetzner") == mark);
    // The token of another project, in which a firewall of the same name was made anew.
    world.cloud.vanish(row.provider_server_id);
    REQUIRE(world.cloud.delete_resource(providers::ResourceKind::firewall, mark,
                                        base::Call::within(60s)));
    const auto other = world.add_firewall();
    world.sweep();
    CHECK(world.ledger.vanished.empty());
    CHECK(world.is_raised(core::AlarmKind::project_foreign));
    CHECK_FALSE(world.is_raised(core::AlarmKind::server_vanished));
    CHECK(world.ledger.marks.at("hetzner") == mark);
    // The right token again, and the server was deleted there after all.
    REQUIRE(world.cloud.delete_resource(providers::ResourceKind::firewall, other,
                                        base::Call::within(60s)));
    world.add_firewall(mark);
    world.sweep();
    CHECK(world.ledger.vanished == std::vector<base::ServerId>{row.id});
    CHECK_FALSE(world.is_raised(core::AlarmKind::project_foreign));
}

TEST_CASE("a project that shows nothing of ours is doubted from the first sweep on") {
    World world;
    (void)world.add_row();
    world.sweep();
    CHECK(world.ledger.vanished.empty());
    CHECK(world.ledger.marks.empty());
    CHECK(world.is_raised(core::AlarmKind::project_foreign));
}

TEST_CASE("a project that shows all servers is ours, also with another firewall") {
    World world;
    (void)world.add_server();
    world.ledger.marks["hetzner"] = "gone";
    const auto mark = world.add_firewall();
    world.sweep();
    CHECK(world.ledger.marks.at("hetzner") == mark);
    CHECK_FALSE(world.is_raised(core::AlarmKind::project_foreign));
}

TEST_CASE("ten strays beside two rows are reported, not destroyed") {
    World world;
    for (int i = 0; i < 2; ++i) (void)world.add_server();
    for (int i = 0; i < 10; ++i) (void)world.add_stray();
    for (int i = 0; i < 5; ++i) world.sweep();
    CHECK(world.cloud.servers().size() == 12);
    CHECK(world.is_raised(core::AlarmKind::strays_kept));
    CHECK(world.alarms.list(std::nullopt, 1).value().at(0).alarm.cause.find("10 of 12") !=
          std::string::npos);
}

TEST_CASE("what creates without an answer made late goes, however many they are") {
    World world;
    for (int i = 0; i < 10; ++i) {
        world.database.server_rows.at(world.add_server().id).state = ServerState::deleted;
    }
    for (int i = 0; i < 4; ++i) world.sweep();
    CHECK(world.cloud.servers().empty());
}

TEST_CASE("servers at a provider without a token raise an alarm until they are gone") {
    World world;
    engine::CloudAlarmWatch watch(world.ports);
    const auto elsewhere = world.add_row();
    world.database.server_rows.at(elsewhere.id).provider = "digitalocean";
    watch.tick();
    CHECK(world.is_raised(core::AlarmKind::provider_missing));
    world.clock.advance(1s);
    watch.tick();
    CHECK(world.is_raised(core::AlarmKind::provider_missing));
    world.database.server_rows.erase(elsewhere.id);
    world.clock.advance(1s);
    watch.tick();
    CHECK_FALSE(world.is_raised(core::AlarmKind::provider_missing));
}

TEST_CASE("the alarm of a refusal stands for an hour after the last one, whoever leads") {
    World world;
    const auto refuse = [&](const std::string& provider) {
        (void)world.alarms.raise(core::cloud_quota(provider, "no more"), world.clock.now());
    };
    const auto raised = [&] {
        std::set<std::string> about;
        const auto records = world.alarms.list(std::nullopt, 10).value();
        for (const auto& record : records) {
            if (!record.cleared_at) about.insert(record.alarm.subject);
        }
        return about;
    };
    refuse("hetzner");
    world.clock.advance(40min);
    refuse("hetzner");
    refuse("digitalocean");
    // One provider's quota hides behind no other's.
    CHECK(raised() == std::set<std::string>{"digitalocean", "hetzner"});
    world.clock.advance(50min);
    engine::CloudAlarmWatch(world.ports).tick();
    CHECK(raised().size() == 2);
    refuse("digitalocean");
    world.clock.advance(11min);
    engine::CloudAlarmWatch(world.ports).tick();
    CHECK(raised() == std::set<std::string>{"digitalocean"});
}

TEST_CASE("the alarm of kept strays says how many there are now, and outlives a new leader") {
    World world;
    world.settings.destroy_strays = false;
    (void)world.add_stray();
    for (int i = 0; i < 4; ++i) world.sweep();
    const auto cause = [&] { return world.alarms.list(std::nullopt, 1).value().at(0).alarm.cause; };
    CHECK(cause().starts_with("1 thing at hetzner"));
    (void)world.add_stray();
    for (int i = 0; i < 4; ++i) world.sweep();
    CHECK(cause().starts_with("2 things at hetzner"));
    engine::Reconciler successor(world.ports, world.settings, "hetzner");
    successor.tick(world.stop.get_token());
    CHECK(world.is_raised(core::AlarmKind::strays_kept));
}

TEST_CASE("a provider that does not answer ends the sweep, and loses nobody's grace period") {
    World world;
    for (int i = 0; i < 3; ++i) (void)world.add_stray();
    for (int i = 0; i < 3; ++i) world.sweep();
    world.cloud.forget_calls();
    world.cloud.fail_next(FakeCloudProvider::Method::get, 100, base::ErrorKind::timeout);
    world.sweep();
    CHECK(world.cloud.calls_of(FakeCloudProvider::Method::get) == 1);
    CHECK(world.cloud.servers().size() == 3);
    world.cloud.stop_failing();
    world.sweep();
    CHECK(world.cloud.servers().empty());
}

TEST_CASE("a sweep that failed says so in its report") {
    World world;
    world.cloud.fail_next(FakeCloudProvider::Method::list, 1, base::ErrorKind::unavailable);
    world.sweep();
    CHECK(world.ledger.kept.at("hetzner").report.find(R"("error":"planned by the test)") !=
          std::string::npos);
    world.sweep();
    CHECK(world.ledger.kept.at("hetzner").report.find(R"("error":null)") != std::string::npos);
}

TEST_CASE("a server that was switched off is switched on, and its bot is told") {
    World world;
    const auto row = world.add_row();
    world.add_machine(row, CloudServerStatus::off);
    world.sweep();
    CHECK(world.cloud.servers()[0].status != CloudServerStatus::off);
    CHECK(world.ledger.told.size() == 1);
    world.sweep();
    CHECK(world.ledger.told.size() == 1);
}

TEST_CASE("what a sweep posts has at least a minute for its answer") {
    World world;
    support::PostTimes times(world.cloud);
    world.ports.clouds["hetzner"] = &times;
    const auto row = world.add_row();
    world.add_machine(row, CloudServerStatus::off);
    providers::CloudResource firewall{.kind = providers::ResourceKind::firewall};
    firewall.name = "thing";
    firewall.labels[core::label_installation] = world.database.installation().text();
    firewall.labels[core::label_server] = world.database.new_id<base::ServerId>().text();
    (void)world.cloud.add_resource(firewall);
    for (int i = 0; i < 4; ++i) world.sweep();
    CHECK(world.cloud.calls_of(FakeCloudProvider::Method::power) == 1);
    CHECK(world.cloud.calls_of(FakeCloudProvider::Method::remove_resource) == 1);
    // Each sweep puts the firewall right.
    CHECK(times.posts() == 6);
    CHECK(times.least() >= engine::least_post);
}

TEST_CASE("what a deleted server left behind goes, and what is of the whole installation stays") {
    World world;
    world.cloud.behave_as_digitalocean();
    const auto row = world.add_server();
    const auto add = [&](providers::ResourceKind kind, const std::string& server) {
        providers::CloudResource resource{.kind = kind};
        resource.name = "thing";
        resource.labels[core::label_installation] = world.database.installation().text();
        if (!server.empty()) resource.labels[core::label_server] = server;
        (void)world.cloud.add_resource(resource);
    };
    add(providers::ResourceKind::snapshot, world.database.new_id<base::ServerId>().text());
    add(providers::ResourceKind::snapshot, row.id.text());
    add(providers::ResourceKind::firewall, "");
    add(providers::ResourceKind::ssh_key, world.database.new_id<base::ServerId>().text());
    for (int i = 0; i < 3; ++i) world.sweep();
    CHECK(world.cloud.resources().size() == 4);
    world.sweep();
    CHECK(world.cloud.resources().size() == 2);
}

TEST_CASE("somebody who asks for a sweep gets one now") {
    World world;
    world.sweep();
    const auto lists = world.cloud.calls_of(FakeCloudProvider::Method::list);
    world.reconciler.tick(world.stop.get_token());
    CHECK(world.cloud.calls_of(FakeCloudProvider::Method::list) == lists);
    REQUIRE(world.ledger.ask_for_sweep(world.clock.now()));
    world.reconciler.tick(world.stop.get_token());
    CHECK(world.cloud.calls_of(FakeCloudProvider::Method::list) == lists + 1);
    world.reconciler.tick(world.stop.get_token());
    CHECK(world.cloud.calls_of(FakeCloudProvider::Method::list) == lists + 1);
}

TEST_CASE("what a sweep takes is added neither to the interval nor to the grace period") {
    World world;
    (void)world.add_server();
    (void)world.add_stray();
    // The first list takes long, the others do not.
    bool slow = true;
    world.cloud.before_each_call([&](FakeCloudProvider::Method method) {
        if (method != FakeCloudProvider::Method::list || !slow) return;
        world.steady += 50ms;
        slow = false;
    });
    const auto every = world.settings.stray_grace / 3;
    const auto begun = world.steady;
    world.reconciler.tick(world.stop.get_token());
    for (int sweep = 1; sweep <= 3; ++sweep) {
        CHECK(world.cloud.servers().size() == 2);
        CHECK(world.steady + world.reconciler.until_next() == begun + sweep * every);
        world.steady = begun + sweep * every;
        world.reconciler.tick(world.stop.get_token());
    }
    CHECK(world.cloud.servers().size() == 1);
}

TEST_CASE("after a stall sweeps are counted anew, and no grace period is cut short") {
    World world;
    (void)world.add_server();
    (void)world.add_stray();
    world.reconciler.tick(world.stop.get_token());
    // As of a machine that slept: what was seen before it may be sorted out by now.
    world.steady += world.settings.stray_grace / 3 * 5 / 2;
    world.reconciler.tick(world.stop.get_token());
    CHECK(world.cloud.servers().size() == 2);
    CHECK(world.reconciler.until_next() == world.settings.stray_grace / 3);
}
