#include "api_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using nlohmann::json;

TEST_CASE("actions are fetched by id, 25 at a time") {
    ApiClient client;
    const json created = client.create("web-1");
    const std::string first = created["action"]["id"].dump();
    const std::string second = created["next_actions"][0]["id"].dump();
    CHECK(client.get("/actions?id=" + first + "&id=" + second)["actions"].size() == 2);
    CHECK(client.get("/actions?id=" + first + "&id=1")["actions"].size() == 1);
    CHECK(client.call("GET", "/actions").status == 422);
    CHECK(client.call("GET", "/actions?id=x").status == 422);
    CHECK(client.call("GET", "/actions/1").status == 404);
    std::string many = "/actions?id=1";
    for (int count = 1; count < 26; ++count) {
        many += "&id=" + std::to_string(count + 1);
    }
    CHECK(client.call("GET", many).status == 422);
}

TEST_CASE("a server's actions are listed and survive it") {
    ApiClient client;
    const json created = client.create("web-1");
    const std::string server = "/servers/" + created["server"]["id"].dump();
    const std::string action = created["action"]["id"].dump();
    client.wait_for_status(created["server"]["id"], "running");
    CHECK(client.get(server + "/actions")["actions"].size() == 2);
    CHECK(client.get(server + "/actions?sort=id:desc&per_page=1")["actions"][0]["command"] ==
          "start_server");
    CHECK(client.get(server + "/actions/" + action)["action"]["status"] == "success");
    CHECK(client.call("DELETE", server).status == 200);
    CHECK(client.call("GET", server + "/actions").status == 404);
    CHECK(client.get("/servers/actions")["actions"].size() == 3);
    CHECK(client.get("/actions/" + action)["action"]["resources"][0]["type"] == "server");
}

TEST_CASE("deleting a server that is still being made ends its actions") {
    ApiClient client(std::chrono::hours(1));
    const json created = client.create("web-1");
    CHECK(client.call("DELETE", "/servers/" + created["server"]["id"].dump()).status == 200);
    client.wait_for_action(created["action"]["id"], "error");
    client.wait_for_action(created["next_actions"][0]["id"], "error");
}
