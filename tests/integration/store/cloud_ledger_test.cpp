#include "store/pg_cloud_ledger.hpp"
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
        server = world.fleet
                     ->plan_server(job.lease, bot.id,
                                   {.id = base::make_id<base::ServerId>(at(0), world.random),
                                    .provider = "hetzner",
                                    .region = "fsn1",
                                    .type = "cx23",
                                    .image = "debian-12",
                                    .host_key = "ssh-ed25519 A",
                                    .planted_host_key = base::Secret("private"),
                                    .client_public_key = "ssh-ed25519 B",
                                    .client_key = base::Secret("private")},
                                   at(0))
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
    void end_operation() {
        auto& ports_job = job;
        ports::Transition end;
        end.now = at(1);
        end.job_state = core::JobState::succeeded;
        end.operation_end = core::OperationState::succeeded;
        end.bot = {.status = core::BotStatus::active};
        REQUIRE(world.jobs->apply(ports_job, end).value().accepted);
    }

    World& world;
    core::Bot bot;
    ports::ClaimedJob job;
    base::ServerId server;
};

}  // namespace

TEST_CASE(
    "a server costs from its plan to its proven end, every begun hour and at most its month") {
    World world;
    const auto ledger = make_pg_cloud_ledger(world.pool, world.hints);
    Deployed deployed(world);
    const auto sum = [&](ports::CostsBy by, base::TimePoint end) {
        return ledger->costs(by, at(0), end).value();
    };
    // Nothing is made yet.
    CHECK(sum(ports::CostsBy::bot, at(hour.count())).empty());
    deployed.make();
    const auto after_90_minutes = sum(ports::CostsBy::bot, at(hour.count() * 3 / 2));
    REQUIRE(after_90_minutes.size() == 1);
    CHECK(after_90_minutes[0].key == deployed.bot.id.text());
    CHECK(after_90_minutes[0].name == deployed.bot.name);
    CHECK(after_90_minutes[0].amount == "0.0120");
    CHECK(after_90_minutes[0].currency == "EUR");
    CHECK(after_90_minutes[0].servers == 1);
    CHECK(sum(ports::CostsBy::user, at(hour.count()))[0].name == "a@example.org");
    CHECK(sum(ports::CostsBy::provider, at(hour.count()))[0].key == "hetzner");
    CHECK(sum(ports::CostsBy::bot, at(hour.count() * 24 * 31))[0].amount == "3.4900");
    REQUIRE(world.fleet->server_gone(deployed.job.lease, deployed.server, at(2 * hour.count())));
    CHECK(sum(ports::CostsBy::bot, at(hour.count() * 24 * 31))[0].amount == "0.0120");
    // The next month has nothing to pay for.
    CHECK(ledger->costs(ports::CostsBy::bot, at(3 * hour.count()), at(4 * hour.count()))
              .value()
              .empty());
}

TEST_CASE("a month's rate has what is billed or may be, and not what was never asked for") {
    World world;
    const auto ledger = make_pg_cloud_ledger(world.pool, world.hints);
    Deployed deployed(world);
    deployed.change({.price_monthly = "3.4900", .price_currency = "EUR"});
    CHECK(ledger->run_rate("hetzner").value().empty());
    deployed.change({.state = core::ServerState::creating});
    CHECK(ledger->run_rate("hetzner").value().at("EUR") == "3.4900");
    CHECK(ledger->run_rate("digitalocean").value().empty());
    REQUIRE(world.fleet->server_gone(deployed.job.lease, deployed.server, at(1)));
    CHECK(ledger->run_rate("hetzner").value().empty());
}

TEST_CASE("a server that vanished fails its bot, unless an operation works on it") {
    World world;
    const auto ledger = make_pg_cloud_ledger(world.pool, world.hints);
    Deployed deployed(world);
    deployed.make();
    CHECK_FALSE(ledger->server_vanished(deployed.server, "It is gone.", at(1)).value());
    deployed.end_operation();
    CHECK(ledger->server_vanished(deployed.server, "It is gone.", at(2)).value());
    CHECK_FALSE(ledger->server_vanished(deployed.server, "It is gone.", at(3)).value());
    const auto bot = world.fleet->bot(deployed.bot.id).value();
    CHECK(bot.status == core::BotStatus::failed);
    CHECK(bot.status_reason == "It is gone.");
    CHECK_FALSE(world.fleet->server_of(deployed.bot.id).value());
    CHECK(world.texts("SELECT message FROM events ORDER BY seq DESC LIMIT 1") ==
          std::vector<std::string>{"It is gone."});
    CHECK(world.texts("SELECT name FROM sealed_secrets WHERE owner = 'server'").empty());
    // And the bot can be deployed again.
    CHECK(world.jobs->start_operation(world.deploy_of(deployed.bot)));
}

TEST_CASE("a sweep that was asked for and what it found are kept") {
    World world;
    const auto ledger = make_pg_cloud_ledger(world.pool, world.hints);
    CHECK_FALSE(ledger->sweep_asked_at().value());
    REQUIRE(ledger->ask_for_sweep(at(1)));
    REQUIRE(ledger->ask_for_sweep(at(2)));
    CHECK(ledger->sweep_asked_at().value() == at(2));
    CHECK(ledger->sweeps().value().empty());
    REQUIRE(ledger->keep_sweep("hetzner", R"({"listed":1})", at(3)));
    REQUIRE(ledger->keep_sweep("hetzner", R"({"listed":2})", at(4)));
    const auto kept = ledger->sweeps().value();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].report == R"({"listed":2})");
    CHECK(kept[0].at == at(4));
    REQUIRE(ledger->tell(world.add_bot().id, "Said.", core::EventLevel::warning, at(5)));
    CHECK(world.texts("SELECT level FROM events WHERE message = 'Said.'") ==
          std::vector<std::string>{"warning"});
}

}  // namespace hatchery::store
