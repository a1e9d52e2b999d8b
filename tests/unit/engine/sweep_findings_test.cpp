// What a sweep does about servers that are off and about addresses.
#include "engine/cloud_alarm_watch.hpp"
#include "ports/cloud_budgets.hpp"
#include "providers/passing_cloud.hpp"
#include "support/catch.hpp"
#include "unit/engine/reconciler_world.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using providers::CloudServerStatus;
using support::FakeCloudProvider;
using World = support::ReconcilerWorld;

TEST_CASE("a server that does not stay on is switched on three times, and then told of") {
    World world;
    engine::CloudAlarmWatch watch(world.ports);
    const auto row = world.add_row();
    world.add_machine(row, CloudServerStatus::off);
    const auto sweep_off = [&] {
        (void)world.cloud.change_power(row.provider_server_id, providers::PowerAction::off,
                                       base::Call::within(60s));
        world.cloud.forget_calls();
        world.sweep();
        watch.tick();
        return world.cloud.calls_of(FakeCloudProvider::Method::power);
    };
    for (int i = 0; i < 3; ++i) CHECK(sweep_off() == 1);
    CHECK_FALSE(world.is_raised(core::AlarmKind::server_stays_off));
    for (int i = 0; i < 3; ++i) CHECK(sweep_off() == 0);
    CHECK(world.is_raised(core::AlarmKind::server_stays_off));
    CHECK(world.ledger.kept.at("hetzner").report.find(R"("done":"gave_up")") != std::string::npos);
    // Three lines of its being switched on, and one of its being given up.
    CHECK(world.ledger.told.size() == 4);
    // A new leader, which has not tried yet, clears nothing.
    engine::Reconciler successor(world.ports, world.settings, "hetzner");
    successor.tick(world.stop.get_token());
    CHECK(world.is_raised(core::AlarmKind::server_stays_off));
    // What ailed the provider may be over: once an hour it is tried again.
    world.steady += 1h;
    CHECK(sweep_off() == 1);
    CHECK(sweep_off() == 0);
    // Somebody mended it, and it has been on for an hour.
    (void)world.cloud.change_power(row.provider_server_id, providers::PowerAction::on,
                                   base::Call::within(60s));
    world.sweep();
    watch.tick();
    CHECK(world.is_raised(core::AlarmKind::server_stays_off));
    world.steady += 1h;
    world.clock.advance(1h);
    world.sweep();
    watch.tick();
    CHECK_FALSE(world.is_raised(core::AlarmKind::server_stays_off));
    CHECK(sweep_off() == 1);
}

TEST_CASE("a provider that does not answer has not tried to switch anything on") {
    World world;
    const auto row = world.add_row();
    world.add_machine(row, CloudServerStatus::off);
    world.cloud.fail_next(FakeCloudProvider::Method::power, 5, base::ErrorKind::unavailable);
    for (int i = 0; i < 6; ++i) world.sweep();
    CHECK(world.cloud.servers()[0].status != CloudServerStatus::off);
    CHECK_FALSE(world.is_raised(core::AlarmKind::server_stays_off));
}

TEST_CASE("a sweep that saw little clears no alarm of what is kept") {
    World world;
    world.settings.destroy_strays = false;
    providers::CloudResource left{.kind = providers::ResourceKind::snapshot};
    left.name = "thing";
    left.labels[core::label_installation] = world.database.installation().text();
    left.labels[core::label_server] = world.database.new_id<base::ServerId>().text();
    (void)world.cloud.add_resource(left);
    for (int i = 0; i < 4; ++i) world.sweep();
    REQUIRE(world.is_raised(core::AlarmKind::strays_kept));
    world.cloud.fail_next(FakeCloudProvider::Method::list_resources, 1, base::ErrorKind::timeout);
    world.sweep();
    CHECK(world.is_raised(core::AlarmKind::strays_kept));
}

TEST_CASE(
    "addresses with our label that no server has go, and others are told of with their cost") {
    World world;
    const auto row = world.add_server();
    const auto add = [&](providers::ResourceKind kind, const std::string& server, bool in_use) {
        providers::CloudResource address{.kind = kind,
                                         .name = "address",
                                         .in_use = in_use,
                                         .region = "fsn1",
                                         .price_monthly = "3.0000",
                                         .price_currency = "EUR"};
        address.labels[core::label_installation] = world.database.installation().text();
        if (!server.empty()) address.labels[core::label_server] = server;
        return world.cloud.add_resource(address);
    };
    using enum providers::ResourceKind;
    const auto gone_server = world.database.new_id<base::ServerId>().text();
    (void)world.add_firewall();
    const auto left = add(primary_ip, gone_server, false);
    const auto left_too = add(floating_ip, gone_server, false);
    const auto used = add(floating_ip, gone_server, true);
    const auto of_server = add(primary_ip, row.id.text(), false);
    const auto of_all = add(floating_ip, "", false);
    const auto stand = [&](const std::string& id) {
        const auto all = world.cloud.resources();
        return std::ranges::find(all, id, &providers::CloudResource::id) != all.end();
    };
    for (int i = 0; i < 3; ++i) world.sweep();
    CHECK(world.cloud.resources().size() == 6);
    CHECK(world.ledger.kept.at("hetzner").report.find(R"("trouble":"unassigned")") !=
          std::string::npos);
    CHECK(world.ledger.kept.at("hetzner").report.find(R"("priceMonthly":"3.0000")") !=
          std::string::npos);
    world.sweep();
    CHECK_FALSE(stand(left));
    CHECK_FALSE(stand(left_too));
    CHECK((stand(used) && stand(of_server) && stand(of_all)));
}

TEST_CASE("an address that somebody has put on a server since the list stays") {
    World world;
    providers::CloudResource address{.kind = providers::ResourceKind::floating_ip};
    address.name = "address";
    address.labels[core::label_installation] = world.database.installation().text();
    address.labels[core::label_server] = world.database.new_id<base::ServerId>().text();
    address.id = world.cloud.add_resource(address);
    for (int i = 0; i < 3; ++i) world.sweep();
    bool put_on = false;
    world.cloud.before_each_call([&](FakeCloudProvider::Method method) {
        const auto* scope = ports::UrgencyScope::current();
        const bool right_before = method == FakeCloudProvider::Method::list_resources &&
                                  scope != nullptr && scope->urgency() == core::Urgency::removal;
        if (!right_before || put_on) return;
        put_on = true;
        (void)world.cloud.delete_resource(address.kind, address.id, base::Call::within(60s));
        address.in_use = true;
        (void)world.cloud.add_resource(address);
    });
    world.sweep();
    CHECK(put_on);
    CHECK(world.cloud.resources().size() == 1);
}

TEST_CASE("a token that may not read the account's addresses spoils no sweep") {
    class Hidden final : public providers::PassingCloud {
    public:
        using PassingCloud::PassingCloud;
        base::Result<std::vector<providers::CloudResource>> idle_addresses(
            const base::Call&) override {
            return base::fail(base::ErrorKind::unauthorized, "not with this token");
        }
    };
    World world;
    Hidden hidden(world.cloud);
    world.ports.clouds["hetzner"] = &hidden;
    (void)world.add_stray();
    for (int i = 0; i < 4; ++i) world.sweep();
    CHECK(world.cloud.servers().empty());
    CHECK(world.ledger.kept.at("hetzner").report.find(R"("error":null)") != std::string::npos);
}

TEST_CASE("an alarm that could not be raised again is not cleared as if it were over") {
    World world;
    const auto elsewhere = world.add_row();
    world.database.server_rows.at(elsewhere.id).provider = "digitalocean";
    engine::CloudAlarmWatch(world.ports).tick();
    REQUIRE(world.is_raised(core::AlarmKind::provider_missing));
    world.alarms.refuse_to_raise();
    world.clock.advance(1min);
    engine::CloudAlarmWatch(world.ports).tick();
    CHECK(world.is_raised(core::AlarmKind::provider_missing));
}
