#include <future>

#include "base/steady_time.hpp"
#include "store/pg_cloud_ledger.hpp"
#include "support/server_plan.hpp"
#include "world.hpp"

namespace hatchery::store {

namespace {

using namespace std::chrono_literals;

constexpr base::Milliseconds hour = 1h;

/// A bot whose server is made by the step that the test plays.
struct Deployed {
    explicit Deployed(World& a_world) : world(a_world), bot(world.add_bot()) {
        REQUIRE(world.jobs->start_operation(world.deploy_of(bot)));
        job = world.claim(at(0)).at(0);
        server =
            world.fleet
                ->plan_server(
                    job.lease, bot.id,
                    support::server_plan(base::make_id<base::ServerId>(at(0), world.random)), at(0))
                .value()
                .id;
    }
    void change(const ports::ServerChange& change) {
        REQUIRE(world.fleet->change_server(job.lease, server, change));
    }
    void make() {
        change({.state = core::ServerState::ready,
                .provider_server_id = "4711",
                .price_monthly = "3.4900",
                .price_hourly = "0.0060",
                .price_currency = "EUR"});
    }

    World& world;
    core::Bot bot;
    ports::ClaimedJob job;
    base::ServerId server;
};

}  // namespace

TEST_CASE("a price of many decimals counts, and one that nobody knows is said to be unknown") {
    World world;
    const auto ledger = make_pg_cloud_ledger(world.pool, world.hints);
    Deployed deployed(world);
    const auto sums = [&] {
        return ledger->costs(ports::CostsBy::bot, at(0), at(10 * hour.count())).value();
    };
    deployed.change({.state = core::ServerState::booting,
                     .provider_server_id = "1",
                     .price_monthly = "5",
                     .price_hourly = "0.00743999984115362",
                     .price_currency = "USD"});
    CHECK(sums().at(0).amount == "0.0744");
    CHECK(sums().at(0).unpriced == 0);
    deployed.change({.price_hourly = "7.4e-3"});
    CHECK(sums().at(0).amount == "0.0740");
    for (const auto* unknown : {"", "free", "1,5"}) {
        deployed.change({.price_hourly = unknown});
        CHECK(sums().at(0).amount == "0.0000");
        CHECK(sums().at(0).servers == 1);
        CHECK(sums().at(0).unpriced == 1);
    }
}

TEST_CASE("waiting for a place costs nothing") {
    World world;
    const auto ledger = make_pg_cloud_ledger(world.pool, world.hints);
    Deployed deployed(world);
    const auto begin = [&](long long ms) {
        world.clock.set(at(ms));
        deployed.change({.state = core::ServerState::creating});
    };
    begin(hour.count());
    deployed.change({.state = core::ServerState::planned});
    begin(3 * hour.count());
    // A second create after a lost answer: the first may have made the machine.
    begin(5 * hour.count());
    deployed.make();
    CHECK(ledger->costs(ports::CostsBy::bot, at(0), at(6 * hour.count())).value().at(0).amount ==
          "0.0180");
}

TEST_CASE("servers that there is a row of are known, ended ones too") {
    World world;
    const auto ledger = make_pg_cloud_ledger(world.pool, world.hints);
    Deployed deployed(world);
    const auto id = deployed.server.text();
    const std::string other = "0197f0c2-0000-7000-8000-000000000099";
    CHECK(ledger->count_known({}).value() == 0);
    CHECK(ledger->count_known({id, other, "no id", "", "a\"b,{}"}).value() == 1);
    deployed.make();
    CHECK(ledger->servers_billed().value() == std::map<std::string, std::int64_t>{{"hetzner", 1}});
    REQUIRE(world.fleet->server_gone(deployed.job.lease, deployed.server, at(1)));
    CHECK(ledger->count_known({id}).value() == 1);
    CHECK(ledger->servers_billed().value().empty());
}

TEST_CASE("the mark of a project is kept for each provider") {
    World world;
    const auto ledger = make_pg_cloud_ledger(world.pool, world.hints);
    CHECK_FALSE(ledger->project_mark("hetzner").value());
    REQUIRE(ledger->keep_project_mark("hetzner", "4711", at(1)));
    REQUIRE(ledger->keep_project_mark("hetzner", "4712", at(2)));
    CHECK(ledger->project_mark("hetzner").value() == "4712");
    CHECK_FALSE(ledger->project_mark("digitalocean").value());
}

namespace {

/// Another session that begins an operation on the bot while `write` waits for its lock.
template <typename Write>
auto while_an_operation_begins(World& world, const core::Bot& bot, Write&& write) {
    auto session = world.pool.open_dedicated().value();
    world.script("UPDATE jobs SET turn = 'infinity'");
    (void)session->query("BEGIN");
    (void)session->query("SELECT id FROM bots WHERE id = $1 FOR UPDATE", {bot.id});
    auto written = std::async(std::launch::async, write);
    const auto until = base::steady_now() + 20s;
    const auto waits = [&] {
        return !world
                    .texts(
                        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                        "AND datname = current_database()")
                    .empty();
    };
    while (!waits()) REQUIRE(base::steady_now() < until);
    (void)session->query("UPDATE jobs SET turn = '-infinity'");
    (void)session->query("COMMIT");
    return written.get();
}

}  // namespace

TEST_CASE("an operation that begins while a server's end waits for the bot is seen") {
    World world;
    const auto ledger = make_pg_cloud_ledger(world.pool, world.hints);
    Deployed deployed(world);
    deployed.change({.state = core::ServerState::booting, .provider_server_id = "4711"});
    const auto gone = while_an_operation_begins(
        world, deployed.bot, [&] { return world.fleet->left_behind_gone(deployed.server, at(1)); });
    REQUIRE_FALSE(gone);
    CHECK(gone.error().kind == base::ErrorKind::conflict);
    const auto vanished = while_an_operation_begins(world, deployed.bot, [&] {
        return ledger->server_vanished(deployed.server, "It is gone.", at(1));
    });
    CHECK_FALSE(vanished.value());
    CHECK(world.fleet->server_of(deployed.bot.id).value());
}

TEST_CASE("a server that is proven gone is changed by nobody any more") {
    World world;
    Deployed deployed(world);
    deployed.make();
    REQUIRE(world.fleet->server_gone(deployed.job.lease, deployed.server, at(1)));
    const auto changed = world.fleet->change_server(deployed.job.lease, deployed.server,
                                                    {.state = core::ServerState::booting});
    REQUIRE_FALSE(changed);
    CHECK(changed.error().kind == base::ErrorKind::not_found);
}

}  // namespace hatchery::store
