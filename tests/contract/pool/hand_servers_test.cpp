#include "pool_under_test.hpp"
#include "store/pg_hand_servers.hpp"
#include "support/fake_hand_servers.hpp"

namespace hatchery::contract {

namespace {

using core::ServerState;

struct HandServersUnderTest {
    explicit HandServersUnderTest(Backend backend) {
        if (backend == Backend::memory) {
            servers = std::make_unique<support::FakeHandServers>();
            return;
        }
        database = support::PgCluster::shared().create_database();
        servers = store::make_pg_hand_servers(database->pool());
    }

    core::Server plan() {
        auto planned = servers->plan({.id = base::make_id<base::ServerId>(clock.now(), random),
                                      .made_by = base::make_id<base::UserId>(clock.now(), random),
                                      .provider = "hetzner",
                                      .region = "fsn1",
                                      .type = "cx23",
                                      .image = "debian-12",
                                      .price_monthly = "4.35",
                                      .price_currency = "EUR"},
                                     clock.now());
        if (!planned) FAIL(planned.error().message);
        return planned->server.value();
    }
    core::Server now(const base::ServerId& id) { return servers->find(id).value().value(); }

    base::SystemClock clock;
    base::SystemRandom random;
    std::unique_ptr<support::TestDatabase> database;
    std::unique_ptr<ports::HandServers> servers;
};

}  // namespace

TEST_CASE("a server by hand stands in a row before its machine does, and belongs to no bot") {
    HandServersUnderTest under(backends());
    const auto planned = under.plan();
    CHECK(planned.state == ServerState::creating);
    CHECK(planned.bot_id.empty());
    CHECK(planned.name == core::server_name(planned.id));
    CHECK(planned.price_monthly == "4.35");
    CHECK(under.servers->alive().value().size() == 1);
    const auto again = under.servers->plan(
        {.id = planned.id, .made_by = base::make_id<base::UserId>(under.clock.now(), under.random)},
        under.clock.now());
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == base::ErrorKind::conflict);
    CHECK_FALSE(under.servers->find(base::make_id<base::ServerId>(under.clock.now(), under.random))
                    .value());
    CHECK_FALSE(under.servers->find(base::ServerId("nobody")).value());
}

TEST_CASE("a server by hand goes from creating to gone, and what was deleted stays so") {
    HandServersUnderTest under(backends());
    auto server = under.plan();
    server.provider_server_id = "4711";
    server.public_ip = "192.0.2.7";
    CHECK(under.servers->made(server).value());
    CHECK(under.now(server.id).state == ServerState::booting);
    CHECK(under.now(server.id).provider_server_id == "4711");
    REQUIRE(under.servers->ready(server.id, "192.0.2.8"));
    CHECK(under.now(server.id).state == ServerState::ready);
    CHECK(under.now(server.id).public_ip == "192.0.2.8");
    CHECK(under.servers->condemn(server.id).value());
    CHECK(under.servers->made(server).value());
    REQUIRE(under.servers->ready(server.id, "192.0.2.8"));
    CHECK(under.now(server.id).state == ServerState::deleting);
    REQUIRE(under.servers->gone(server.id, under.clock.now()));
    CHECK(under.now(server.id).state == ServerState::deleted);
    CHECK(under.servers->alive().value().empty());
    CHECK_FALSE(under.servers->condemn(server.id).value());
    CHECK_FALSE(under.servers->made(server).value());
}

}  // namespace hatchery::contract
