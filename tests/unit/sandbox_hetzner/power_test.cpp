#include "api_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using nlohmann::json;

TEST_CASE("power actions change the server's status") {
    ApiClient client;
    const json id = client.create("web-1")["server"]["id"];
    const std::string actions = "/servers/" + id.dump() + "/actions/";
    client.wait_for_status(id, "running");

    const auto off = client.call("POST", actions + "poweroff");
    CHECK(off.status == 201);
    CHECK(off.body["action"]["status"] == "running");
    client.wait_for_status(id, "off");
    client.wait_for_action(off.body["action"]["id"], "success");

    const auto on = client.call("POST", actions + "poweron");
    client.wait_for_status(id, "running");
    client.wait_for_action(on.body["action"]["id"], "success");

    const auto shutdown = client.call("POST", actions + "shutdown");
    client.wait_for_action(shutdown.body["action"]["id"], "success");
    client.wait_for_status(id, "off");
    CHECK(client.call("POST", actions + "reset").status == 201);
    client.wait_for_status(id, "running");
    CHECK(client.call("POST", actions + "reboot").status == 201);
    CHECK(client.call("POST", actions + "explode").status == 404);
    CHECK(client.call("POST", "/servers/1/actions/reboot").status == 404);
}

TEST_CASE("a server that is being made is locked") {
    ApiClient client(std::chrono::hours(1));
    const json id = client.create("web-1")["server"]["id"];
    const auto answer = client.call("POST", "/servers/" + id.dump() + "/actions/poweroff");
    CHECK(answer.status == 423);
    CHECK(error_code(answer) == "locked");
}
