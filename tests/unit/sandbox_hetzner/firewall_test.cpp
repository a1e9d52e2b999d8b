#include "api_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using nlohmann::json;

namespace {

json tcp_rule(const std::string& port) {
    return {{"direction", "in"},
            {"protocol", "tcp"},
            {"port", port},
            {"source_ips", json::array({"0.0.0.0/0", "::/0"})}};
}

json applied_to_server(const json& id) {
    return json::array({json{{"type", "server"}, {"server", {{"id", id}}}}});
}

}  // namespace

TEST_CASE("a firewall decides which ports lead to a server") {
    ApiClient client;
    const json server = client.create("web-1")["server"];
    CHECK(client.fleet.open_ports(server["id"]) == std::set<int>{22});
    const auto made = client.call("POST", "/firewalls",
                                  {{"name", "fw"},
                                   {"rules", json::array({tcp_rule("80"), tcp_rule("8000-8002")})},
                                   {"apply_to", applied_to_server(server["id"])}});
    INFO(made.body.dump());
    REQUIRE(made.status == 201);
    const std::string path = "/firewalls/" + made.body["firewall"]["id"].dump();
    CHECK(client.fleet.open_ports(server["id"]) == std::set<int>{80, 8000, 8001, 8002});
    CHECK(
        client.get("/servers/" + server["id"].dump())["server"]["public_net"]["firewalls"].size() ==
        1);

    CHECK(
        client.call("POST", path + "/actions/set_rules", {{"rules", json::array({tcp_rule("22")})}})
            .status == 201);
    CHECK(client.fleet.open_ports(server["id"]) == std::set<int>{22});
    CHECK(error_code(client.call("DELETE", path)) == "resource_in_use");
    CHECK(client
              .call("POST", path + "/actions/remove_from_resources",
                    {{"remove_from", applied_to_server(server["id"])}})
              .status == 201);
    CHECK(client.call("DELETE", path).status == 204);
    CHECK(client.call("GET", path).status == 404);
}

TEST_CASE("a firewall applies to servers by label and at their creation") {
    ApiClient client;
    const auto made = client.call("POST", "/firewalls",
                                  {{"name", "fw"}, {"rules", json::array({tcp_rule("443")})}});
    const json id = made.body["firewall"]["id"];
    const json first =
        client.create("web-1", {{"firewalls", json::array({json{{"firewall", id}}})}})["server"];
    const json second = client.create("web-2", {{"labels", {{"role", "web"}}}})["server"];
    CHECK(client.fleet.open_ports(first["id"]) == std::set<int>{443});
    CHECK(client.fleet.open_ports(second["id"]) == std::set<int>{22});
    const json by_label = json::array(
        {json{{"type", "label_selector"}, {"label_selector", {{"selector", "role=web"}}}}});
    CHECK(client
              .call("POST", "/firewalls/" + id.dump() + "/actions/apply_to_resources",
                    {{"apply_to", by_label}})
              .status == 201);
    CHECK(client.fleet.open_ports(second["id"]) == std::set<int>{443});
    CHECK(client.get("/firewalls?name=fw")["firewalls"][0]["applied_to"].size() == 2);
    CHECK(client.get("/firewalls/" + id.dump() + "/actions")["actions"].size() == 2);
}

TEST_CASE("a firewall with bad rules or a taken name is refused") {
    ApiClient client;
    const auto status_of = [&](const json& body) {
        return client.call("POST", "/firewalls", body).status;
    };
    json no_port = tcp_rule("22");
    no_port.erase("port");
    json sideways = tcp_rule("22");
    sideways["direction"] = "sideways";
    CHECK(status_of({{"name", ""}}) == 422);
    CHECK(status_of({{"name", "fw"}, {"rules", json::array({no_port})}}) == 422);
    CHECK(status_of({{"name", "fw"}, {"rules", json::array({sideways})}}) == 422);
    CHECK(status_of({{"name", "fw"}, {"rules", json(51, tcp_rule("22"))}}) == 422);
    CHECK(status_of({{"name", "fw"}, {"apply_to", applied_to_server(1)}}) == 422);
    CHECK(status_of({{"name", "fw"}}) == 201);
    CHECK(status_of({{"name", "fw"}}) == 409);
}
