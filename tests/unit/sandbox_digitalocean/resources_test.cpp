#include <thread>

#include "account_client.hpp"
#include "sandbox/hosts/fleet_switch.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using namespace hatchery::sandbox;
using nlohmann::json;

namespace {

json firewall_body(const std::string& ports) {
    const json everybody{{"addresses", json::array({"0.0.0.0/0"})}};
    return {{"name", "fw-1"},
            {"inbound_rules",
             json::array({{{"protocol", "tcp"}, {"ports", ports}, {"sources", everybody}}})},
            {"outbound_rules",
             json::array({{{"protocol", "tcp"}, {"ports", "0"}, {"destinations", everybody}}})},
            {"tags", json::array({"k:v"})}};
}

}  // namespace

TEST_CASE("a firewall names tags that exist, and covers every Droplet that bears them") {
    AccountClient client;
    CHECK(client.call("POST", "/firewalls", firewall_body("22")).status == 422);
    REQUIRE(client.call("POST", "/tags", {{"name", "k:v"}}).status == 201);
    const auto made = client.call("POST", "/firewalls", firewall_body("8000-8001"));
    REQUIRE(made.status == 202);
    CHECK(client.call("POST", "/firewalls", firewall_body("22")).status == 409);
    const auto id = client.create("web-1")["id"].get<std::int64_t>();
    CHECK(client.fleet.open_ports(id) == std::set<int>{8000, 8001});
    const std::string path = "/firewalls/" + made.body["firewall"]["id"].get<std::string>();
    CHECK(client.call("PUT", path, firewall_body("22")).status == 200);
    CHECK(client.fleet.open_ports(id) == std::set<int>{22});
    CHECK(client.call("DELETE", path).status == 204);
    CHECK(client.call("DELETE", path).status == 404);
}

TEST_CASE("a snapshot is listed, can be ordered and goes") {
    AccountClient client;
    const json id = client.create("web-1")["id"];
    client.wait_for_status(id, "active");
    REQUIRE(client
                .call("POST", "/droplets/" + id.dump() + "/actions",
                      {{"type", "snapshot"}, {"name", "golden k:v"}})
                .status == 201);
    const json snapshot = client.get("/snapshots")["snapshots"][0];
    CHECK(snapshot["name"] == "golden k:v");
    client.create("copy", {{"image", std::stoll(snapshot["id"].get<std::string>())}});
    const std::string path = "/snapshots/" + snapshot["id"].get<std::string>();
    CHECK(client.call("DELETE", path).status == 204);
    CHECK(client.call("DELETE", path).status == 404);
}

TEST_CASE("a deleted tag leaves what bore it") {
    AccountClient client;
    const json id = client.create("web-1")["id"];
    CHECK(client.get("/tags")["tags"][0]["resources"]["count"] == 1);
    CHECK(client.call("DELETE", "/tags/k:v").status == 204);
    CHECK(client.get("/droplets/" + id.dump())["droplet"]["tags"].empty());
}

TEST_CASE("clouds that share a fleet see and hear of their own hosts alone") {
    SimulatedFleet fleet;
    FleetSwitch fleet_switch(fleet);
    const auto left = fleet_switch.make_share();
    const auto right = fleet_switch.make_share();
    DigitalOceanApi api(*left, {.boot_delay = {}, .log = [](const std::string&) {}});
    right->set_listener([](std::int64_t, HostEvent, const std::string&) {
        FAIL("heard of a host that is another cloud's");
    });
    ApiCall call{.method = "POST",
                 .path = "/v2/droplets",
                 .query = {},
                 .authorization = "Bearer t",
                 .body = droplet_body("web-1").dump()};
    const auto made = api.handle(call);
    REQUIRE(made.status == 202);
    CHECK(left->list().size() == 1);
    CHECK(right->list().empty());
    call.method = "GET";
    // Past the limits: an account may not ask so often.
    call.path = "/v2/sandbox/droplets/" + made.body["droplet"]["id"].dump();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (api.handle(call).body["droplet"]["status"] != "active") {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        std::this_thread::yield();
    }
}
