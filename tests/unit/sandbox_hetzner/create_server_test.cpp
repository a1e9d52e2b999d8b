#include "api_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using nlohmann::json;
using Fields = std::vector<std::string>;

TEST_CASE("a new server has its address at once and runs after its actions") {
    ApiClient client(std::chrono::milliseconds(50));
    const json created = client.create("web-1", {{"labels", {{"a", "b"}}}});
    CHECK(created["server"]["status"] == "initializing");
    CHECK(created["server"]["public_net"]["ipv4"]["ip"].get<std::string>().starts_with("127."));
    CHECK(created["server"]["labels"]["a"] == "b");
    CHECK(created["action"]["command"] == "create_server");
    CHECK(created["action"]["status"] == "running");
    REQUIRE(created["next_actions"].size() == 1);
    CHECK(created["next_actions"][0]["command"] == "start_server");

    client.wait_for_status(created["server"]["id"], "running");
    client.wait_for_action(created["action"]["id"], "success");
    client.wait_for_action(created["next_actions"][0]["id"], "success");
}

TEST_CASE("a server that is not to be started stays off") {
    ApiClient client;
    const json created = client.create("web-1", {{"start_after_create", false}});
    CHECK(created["next_actions"].empty());
    client.wait_for_action(created["action"]["id"], "success");
    client.wait_for_status(created["server"]["id"], "off");
}

TEST_CASE("a server's name is taken in its own project only") {
    ApiClient client;
    client.create("web-1");
    const auto again = client.call("POST", "/servers", server_body("web-1"));
    CHECK(again.status == 409);
    CHECK(error_code(again) == "uniqueness_error");
    CHECK(error_fields(again) == Fields{"name"});
    client.token = "project-2";
    client.create("web-1");
    CHECK(client.get("/servers")["servers"].size() == 1);
}

TEST_CASE("a name is free again once its server is deleted") {
    ApiClient client;
    const json created = client.create("web-1");
    const std::string path = "/servers/" + created["server"]["id"].dump();
    const auto deleted = client.call("DELETE", path);
    CHECK(deleted.status == 200);
    CHECK(deleted.body["action"]["command"] == "delete_server");
    client.wait_for_action(deleted.body["action"]["id"], "success");
    CHECK(client.call("GET", path).status == 404);
    CHECK(error_code(client.call("DELETE", path)) == "not_found");
    client.create("web-1");
}

TEST_CASE("a create with bad fields names them and makes nothing") {
    ApiClient client;
    const auto refused_fields = [&](const json& change) {
        json body = server_body("web-1");
        body.update(change);
        const auto answer = client.call("POST", "/servers", body);
        INFO(answer.body.dump());
        CHECK(answer.status == 422);
        CHECK(error_code(answer) == "invalid_input");
        return error_fields(answer);
    };
    CHECK(refused_fields({{"name", "web_1"}}) == Fields{"name"});
    CHECK(refused_fields({{"name", ""}}) == Fields{"name"});
    CHECK(refused_fields({{"name", 7}}) == Fields{"name"});
    CHECK(refused_fields({{"server_type", "cx99"}}) == Fields{"server_type"});
    CHECK(refused_fields({{"image", "ubuntu-24.04"}}) == Fields{"image"});
    CHECK(refused_fields({{"location", "mars1"}}) == Fields{"location"});
    CHECK(refused_fields({{"server_type", "cx23"}, {"location", "ash"}}) == Fields{"location"});
    CHECK(refused_fields({{"user_data", std::string(32'769, 'x')}}) == Fields{"user_data"});
    CHECK(refused_fields({{"labels", {{"-bad", "v"}}}}) == Fields{"labels"});
    CHECK(refused_fields({{"ssh_keys", {"nobody"}}}) == Fields{"ssh_keys"});
    CHECK(refused_fields({{"datacenter", "fsn1-dc14"}}) == Fields{"datacenter"});
    CHECK(refused_fields({{"firewalls", {{{"firewall", 5}}}}}) == Fields{"firewalls"});
    const auto empty = client.call("POST", "/servers", json::object());
    CHECK(error_fields(empty) == Fields{"image", "name", "server_type"});
    CHECK(client.get("/servers")["servers"].empty());
    CHECK(client.fleet.list().empty());
}

TEST_CASE("a server can be renamed and relabelled") {
    ApiClient client;
    const json created = client.create("web-1");
    client.create("web-2");
    const std::string path = "/servers/" + created["server"]["id"].dump();
    CHECK(client.call("PUT", path, {{"name", "web-2"}}).status == 409);
    const auto changed = client.call("PUT", path, {{"name", "web-3"}, {"labels", {{"x", "y"}}}});
    CHECK(changed.status == 200);
    CHECK(changed.body["server"]["name"] == "web-3");
    CHECK(client.get("/servers?label_selector=x=y")["servers"].size() == 1);
}
