#include "api_world.hpp"
#include "core/ownership.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;
using base::Json;
using providers::CloudServerStatus;
using Method = support::FakeCloudProvider::Method;

namespace {

/// An admin's servers by hand.
struct ByHand {
    ApiWorld world;
    std::string admin =
        world.make_token("ops@example.org", {"admin"}, std::nullopt, store::UserRole::admin);

    ApiResponse provision(const std::string& key = {}) {
        const Json body = {{"provider", "hetzner"}, {"region", "fsn1"}, {"serverType", "cx23"}};
        std::vector<std::pair<std::string, std::string>> headers;
        if (!key.empty()) headers.emplace_back("Idempotency-Key", key);
        return world.call("POST", "/api/cloud/provision", admin, body.dump(), headers);
    }
    ApiResponse remove(const std::string& id) {
        return world.call("DELETE", "/api/cloud/servers/" + id, admin);
    }
    Json inventory() { return world.call("GET", "/api/cloud/servers", admin).body["items"]; }

    core::Server row(const std::string& id) {
        return world.hand_servers->find(base::ServerId(id)).value().value();
    }
};

}  // namespace

TEST_CASE("a server by hand is made under our label, known to the inventory and the costs") {
    ByHand by;
    const auto made = by.provision();
    INFO(made.text);
    REQUIRE(made.status == 201);
    const std::string id = made.body["id"];
    CHECK(made.body["state"] == "booting");
    const auto shown = by.inventory();
    REQUIRE(shown.size() == 1);
    CHECK(shown[0]["id"] == id);
    CHECK(shown[0]["botId"].is_null());
    CHECK(shown[0]["orphan"] == false);
    const auto alive = by.world.fleet->servers_alive("hetzner").value();
    REQUIRE(alive.size() == 1);
    CHECK(alive[0].id.text() == id);
    const auto month_ago = by.world.clock.now() - std::chrono::hours(1);
    const auto until = by.world.clock.now() + std::chrono::hours(1);
    CHECK(by.world.ledger->costs(ports::CostsBy::user, month_ago, until).value().size() == 1);
    CHECK(by.world.ledger->costs(ports::CostsBy::bot, month_ago, until).value().empty());
}

TEST_CASE("the same key makes one server by hand, whenever the process dies") {
    ByHand by;
    const auto first = by.provision("once");
    const auto again = by.provision("once");
    REQUIRE(first.status == 201);
    CHECK(again.status == 201);
    CHECK(again.body["id"] == first.body["id"]);
    CHECK(by.world.cloud.calls_of(Method::create) == 1);
}

TEST_CASE("a server by hand is refused when all would cost more than the operator allows") {
    ByHand by{.world = ApiWorld(WorldSetup{.cost_ceilings = {{"hetzner", 6.0}}})};
    CHECK(by.provision().status == 201);
    const auto refused = by.provision();
    CHECK(refused.status == 403);
    CHECK(refused.body["code"] == "cost_ceiling");
    CHECK_THAT(refused.body["detail"].get<std::string>(),
               Catch::Contains("6.98 EUR a month, and the ceiling is 6.00 EUR"));
    CHECK(by.world.alarms->raised().value() ==
          std::vector<core::AlarmKind>{core::AlarmKind::cost_ceiling});
    CHECK(by.inventory().size() == 1);
    CHECK(by.world.cloud.calls_of(Method::create) == 1);
}

TEST_CASE("a create by hand that made nothing leaves nothing, and says why") {
    ByHand by;
    by.world.cloud.set_out_of_stock("cx23", "fsn1");
    const auto refused = by.provision();
    CHECK(refused.status == 409);
    CHECK(refused.body["code"] == "out_of_stock");
    CHECK(by.inventory().empty());
    CHECK(by.world.get("/api/cloud/servers").status == 403);
    CHECK(by.world.call("POST", "/api/cloud/provision", by.world.alice, "{}").status == 403);
}

TEST_CASE("a create by hand whose answer was lost is accepted, and its server is found") {
    ByHand by;
    by.world.cloud.lose_next_create_answers(1);
    const auto accepted = by.provision();
    INFO(accepted.text);
    REQUIRE(accepted.status == 202);
    CHECK(accepted.body["state"] == "creating");
    const auto shown = by.inventory();
    REQUIRE(shown.size() == 1);
    CHECK(shown[0]["orphan"] == false);
    CHECK(shown[0]["providerState"] != nullptr);
}

TEST_CASE("a server by hand is deleted by hand, and gone when the provider no longer lists it") {
    ByHand by;
    const std::string id = by.provision().body["id"];
    CHECK(by.remove(id).status == 202);
    CHECK(by.row(id).state == core::ServerState::deleting);
    // Asking again is no error, before and after.
    CHECK(by.remove(id).status == 202);
    REQUIRE(by.world.hand_servers->gone(base::ServerId(id), by.world.clock.now()));
    CHECK(by.remove(id).status == 202);
    CHECK(by.remove("019a0000-0000-7000-8000-00000000000f").status == 404);
    CHECK(by.remove("nobody").status == 404);
}

TEST_CASE(
    "a server that a bot uses is not deleted by hand, an orphan is, and a stranger's is unknown") {
    ByHand by;
    auto& world = by.world;
    const auto id = world.make_bot(100001);
    world.post("/api/deploy", {{"botId", id}});
    world.plan_server(world.claim());
    const base::BotId bot(id);
    const auto row = world.bots->deployment(bot, std::nullopt).value().server.value();
    const auto refused = by.remove(row.id.text());
    CHECK(refused.status == 409);
    CHECK(refused.body["code"] == "server_in_use");
    CHECK(refused.body["nextAction"] == "Destroy the bot: DELETE /api/bots/" + id);

    const auto installation = world.fleet->installation().value();
    const auto add = [&](const char* machine, const base::InstallationId& owner) {
        providers::CloudServer cloud;
        cloud.provider_server_id = machine;
        cloud.name = std::string("machine-") + machine;
        cloud.status = CloudServerStatus::running;
        cloud.labels =
            core::owner_labels(owner, base::ServerId("019a0000-0000-7000-8000-000000000001"), bot);
        world.cloud.add_server(cloud);
    };
    add("2", installation);
    add("3", base::InstallationId("another"));
    CHECK(by.remove("3").status == 404);
    CHECK(by.remove("2").status == 202);
    const auto left = world.cloud.get_server("2", base::Call::within(std::chrono::seconds(1)));
    CHECK((!left.value() || left.value()->status == CloudServerStatus::deleting));
    CHECK(world.cloud.get_server("3", base::Call::within(std::chrono::seconds(1))).value());
}

TEST_CASE("the wait for the wipe of a machine of the operator's own is given up by hand") {
    ByHand by;
    auto& allocations = *by.world.allocations;
    const std::string server = "019a0000-0000-7000-8000-000000000001";
    const std::vector<ports::MachineFacts> machines{
        {.machine = "tower-1", .host = "192.0.2.9", .region = "cellar", .type = "tower"}};
    const auto lent = allocations
                          .allocate({.name = "hatchery-1",
                                     .labels = {{core::label_server, server}},
                                     .authorized_key = "ssh-ed25519 AAAA"},
                                    machines, std::chrono::minutes(4))
                          .value()
                          .value();
    CHECK(by.remove("tower-2.1?forget=true").status == 404);
    const auto refused = by.remove(server + "?forget=true");
    CHECK(refused.status == 409);
    CHECK(allocations.list().value().size() == 1);
    // Its preparation was given up, and the server got another machine.
    REQUIRE(allocations.give_up(lent.number, lent.tries, "It does not answer."));
    const std::vector<ports::MachineFacts> others{
        {.machine = "tower-0", .host = "192.0.2.8", .region = "cellar", .type = "tower"}};
    REQUIRE(allocations
                .allocate({.name = "hatchery-1",
                           .labels = {{core::label_server, server}},
                           .authorized_key = "ssh-ed25519 AAAA"},
                          others, std::chrono::minutes(4))
                .value());
    const auto by_server = by.remove(server + "?forget=true");
    CHECK(by_server.status == 202);
    REQUIRE(allocations.list().value().size() == 1);
    const auto other = allocations.list().value().front();
    CHECK(other.facts.machine == "tower-0");
    REQUIRE(allocations.give_back(other.number));
    const auto done = by.remove("tower-0." + std::to_string(other.number) + "?forget=true");
    INFO(done.text);
    CHECK(done.status == 202);
    CHECK(allocations.list().value().empty());
}

TEST_CASE("the last sweeps are a list as all others, of the providers that are configured") {
    ByHand by;
    const auto empty = by.world.call("GET", "/api/cloud/sweep", by.admin);
    CHECK(empty.body == Json{{"items", Json::array()}, {"next", nullptr}});
    REQUIRE(by.world.ledger->keep_sweep("hetzner", R"({"listed":2})", by.world.clock.now()));
    REQUIRE(by.world.ledger->keep_sweep("gone", R"({"listed":3})", by.world.clock.now()));
    const auto swept = by.world.call("GET", "/api/cloud/sweep?limit=1", by.admin).body;
    REQUIRE(swept["items"].size() == 1);
    CHECK(swept["items"][0]["provider"] == "hetzner");
    CHECK(swept["items"][0]["listed"] == 2);
    CHECK(swept["next"].is_null());
}
