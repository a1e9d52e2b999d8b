#include <atomic>
#include <thread>

#include "store/pg_cloud_ledger.hpp"
#include "store/pg_hand_servers.hpp"
#include "support/server_plan.hpp"
#include "world.hpp"

namespace hatchery::store {

namespace {

/// Creates of the engine and by hand on one database.
struct Creates {
    World world;
    std::unique_ptr<ports::CloudLedger> ledger = make_pg_cloud_ledger(world.pool, world.hints);
    std::unique_ptr<ports::HandServers> by_hand = make_pg_hand_servers(world.pool);
    double ceiling = 0;

    struct Planned {
        ports::Lease lease;
        base::ServerId server;
    };
    Planned planned() {
        const auto bot = world.add_bot();
        REQUIRE(world.jobs->start_operation(world.deploy_of(bot)));
        const auto job = world.claim(at(0)).at(0);
        const auto server =
            world.fleet
                ->plan_server(
                    job.lease, bot.id,
                    support::server_plan(base::make_id<base::ServerId>(at(0), world.random)), at(0))
                .value();
        return {.lease = job.lease, .server = server.id};
    }
    bool by_engine(const Planned& one) {
        const auto allowed = ledger->intend_create(one.lease, one.server,
                                                   {.price_monthly = "3.4900",
                                                    .price_currency = "EUR",
                                                    .ceiling = ceiling,
                                                    .begun_at = at(0)});
        return allowed && allowed->granted;
    }
    base::Result<ports::HandServerAllowance> ask_by_hand(const std::string& price = "3.4900") {
        return by_hand->plan({.id = base::make_id<base::ServerId>(at(0), world.random),
                              .made_by = base::make_id<base::UserId>(at(0), world.random),
                              .provider = "hetzner",
                              .region = "fsn1",
                              .type = "cx23",
                              .image = "debian-12",
                              .price_monthly = price,
                              .price_currency = "EUR",
                              .ceiling = ceiling},
                             at(0));
    }
};

}  // namespace

TEST_CASE("creates by the engine and by hand at once do not pass the ceiling together") {
    Creates creates;
    creates.ceiling = 2 * 3.49;
    REQUIRE(creates.ask_by_hand().value().server);
    std::vector<Creates::Planned> planned;
    for (int i = 0; i < 10; ++i) planned.push_back(creates.planned());
    std::atomic<int> granted = 0;
    {
        std::vector<std::jthread> callers;
        for (std::size_t i = 0; i < 10; ++i) {
            callers.emplace_back([&, i] { granted += creates.by_engine(planned[i]) ? 1 : 0; });
            callers.emplace_back([&] {
                const auto asked = creates.ask_by_hand();
                granted += asked && asked->server ? 1 : 0;
            });
        }
    }
    CHECK(granted == 1);
    CHECK(creates.world.texts("SELECT id::text FROM servers WHERE state = 'creating'").size() == 2);
}

TEST_CASE("a server by hand is refused with the sum that it would make") {
    Creates creates;
    creates.ceiling = 4.0;
    const auto first = creates.ask_by_hand().value();
    REQUIRE(first.server);
    CHECK(first.would_be == "3.49");
    const auto second = creates.ask_by_hand().value();
    CHECK_FALSE(second.server);
    CHECK(second.would_be == "6.98");
    CHECK(creates.world.texts("SELECT id::text FROM servers").size() == 1);
    REQUIRE(creates.by_hand->gone(first.server->id, at(1)));
    CHECK(creates.ask_by_hand().value().server);
}

TEST_CASE("below a ceiling no server by hand is planned while its price is not known") {
    Creates creates;
    creates.ceiling = 4.0;
    const auto refused = creates.ask_by_hand("");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == base::ErrorKind::unavailable);
    CHECK(refused.error().code == "price_unknown");
    CHECK(creates.world.texts("SELECT id::text FROM servers").empty());
}

TEST_CASE("a server by hand that was never made costs nothing, and one that was from its create") {
    Creates creates;
    creates.ceiling = 100;
    auto made = creates.ask_by_hand().value().server.value();
    const auto never = creates.ask_by_hand().value().server.value();
    REQUIRE(creates.by_hand->gone(never.id, at(1)));
    const auto sums = [&] {
        return creates.ledger->costs(ports::CostsBy::provider, at(0), at(2 * 3'600'000)).value();
    };
    CHECK(sums().empty());
    made.provider_server_id = "4711";
    made.price_hourly = "0.0060";
    REQUIRE(creates.by_hand->made(made).value());
    REQUIRE(sums().size() == 1);
    CHECK(sums()[0].amount == "0.0120");
}

}  // namespace hatchery::store
