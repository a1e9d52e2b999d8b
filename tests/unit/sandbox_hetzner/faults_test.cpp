#include "sandbox/cloud/faults.hpp"

#include "api_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using nlohmann::json;

TEST_CASE("faults are shown as they were set, and a bad document names its fields") {
    ApiClient client;
    const json faults{{"createAnswerLost", 1},
                      {"stuckInitializing", 2},
                      {"createActionFails", 3},
                      {"createActionCode", "resource_unavailable"},
                      {"deleteLocked", 4},
                      {"wrongHostKey", 5},
                      {"error", json::array({json{{"method", "GET"},
                                                  {"route", "/servers"},
                                                  {"status", 503},
                                                  {"code", "unavailable"},
                                                  {"count", 2},
                                                  {"afterEffect", true}}})},
                      {"outOfStock", json::array({json{{"type", "cx23"}, {"location", "fsn1"}}})},
                      {"quotaServers", 6},
                      {"rateLimit", {{"limit", 100.0}, {"remaining", 50.0}, {"perMinute", 9.0}}},
                      {"lateVisibilitySeconds", 1.5},
                      {"bootDelaySeconds", 2.5},
                      {"latencyMs", 1},
                      {"reuseAddresses", true},
                      {"sshCut", {{"count", 1}, {"afterBytes", 1000}}}};
    const auto set = client.call("PUT", "/sandbox/faults", faults);
    CHECK(set.status == 200);
    CHECK(set.body == faults);

    const auto bad = client.call("PUT", "/sandbox/faults",
                                 {{"latencyMs", -1}, {"quotaServers", "x"}, {"unknown", 1}});
    CHECK(bad.status == 422);
    CHECK(error_fields(bad) == std::vector<std::string>{"latencyMs", "quotaServers", "unknown"});
    CHECK(client.call("GET", "/sandbox/faults").body["latencyMs"] == 1);
    client.set_faults(json::object());
    CHECK(client.call("GET", "/sandbox/faults").body["quotaServers"].is_null());
}

TEST_CASE("a lost create answer leaves a server behind") {
    ApiClient client;
    client.set_faults({{"createAnswerLost", 1}});
    CHECK(client.call("POST", "/servers", server_body("web-1")).lost);
    const auto again = client.call("POST", "/servers", server_body("web-1"));
    CHECK_FALSE(again.lost);
    CHECK(error_code(again) == "uniqueness_error");
    CHECK(client.get("/servers?name=web-1")["servers"].size() == 1);
}

TEST_CASE("an error fault hits its calls only, before or after their effect") {
    ApiClient client;
    client.set_faults({{"error", json::array({json{{"method", "POST"}, {"route", "/servers"}},
                                              json{{"method", "POST"},
                                                   {"route", "/servers"},
                                                   {"status", 504},
                                                   {"code", "timeout"},
                                                   {"afterEffect", true}}})}});
    CHECK(client.get("/servers")["servers"].empty());
    CHECK(error_code(client.call("POST", "/servers", server_body("a"))) == "server_error");
    CHECK(client.get("/servers")["servers"].empty());
    CHECK(error_code(client.call("POST", "/servers", server_body("b"))) == "timeout");
    CHECK(client.get("/servers")["servers"][0]["name"] == "b");
    client.create("c");
}

TEST_CASE("stock and quota run out where the faults say so") {
    ApiClient client;
    client.set_faults({{"outOfStock", json::array({json{{"type", "cx23"}, {"location", "fsn1"}}})},
                       {"quotaServers", 1}});
    const auto sold_out = client.call(
        "POST", "/servers", {{"name", "a"}, {"server_type", "cx23"}, {"image", "debian-12"}});
    CHECK(sold_out.status == 412);
    CHECK(error_code(sold_out) == "resource_unavailable");
    const json offers = client.get("/server_types?name=cx23")["server_types"][0]["locations"];
    CHECK_FALSE(offers[0]["available"].get<bool>());
    client.create("a", {{"server_type", "cx23"}, {"location", "nbg1"}});
    const auto too_many = client.call("POST", "/servers", server_body("b"));
    CHECK(too_many.status == 403);
    CHECK(error_code(too_many) == "resource_limit_exceeded");
}

TEST_CASE("the rate limit counts every call of a project") {
    ApiClient client;
    client.get("/servers");
    client.set_faults({{"rateLimit", {{"limit", 10}, {"remaining", 1}}}});
    const auto last = client.call("GET", "/servers");
    CHECK(last.status == 200);
    const std::vector<std::pair<std::string, std::string>> headers(last.headers.begin(),
                                                                   last.headers.begin() + 2);
    CHECK(headers == std::vector<std::pair<std::string, std::string>>{
                         {"RateLimit-Limit", "10"}, {"RateLimit-Remaining", "0"}});
    CHECK(error_code(client.call("GET", "/servers")) == "rate_limit_exceeded");
    client.set_faults(json::object());
    CHECK(client.call("GET", "/servers").status == 200);
}

TEST_CASE("servers get stuck, fail, hide and stay locked on demand") {
    ApiClient client;
    client.set_faults({{"stuckInitializing", 1}});
    const json stuck = client.create("stuck")["server"]["id"];
    client.set_faults({{"createActionFails", 1}});
    const json failed = client.create("failed");
    client.wait_for_action(failed["action"]["id"], "error");
    client.wait_for_status(failed["server"]["id"], "off");
    client.set_faults({{"lateVisibilitySeconds", 3600}, {"deleteLocked", 1}});
    const json hidden = client.create("hidden")["server"]["id"];
    CHECK(client.get("/servers?name=hidden")["servers"].empty());
    client.wait_for_status(hidden, "running");
    client.wait_for_status(stuck, "initializing");
    const std::string path = "/servers/" + hidden.dump();
    CHECK(error_code(client.call("DELETE", path)) == "locked");
    CHECK(client.call("DELETE", path).status == 200);
}

TEST_CASE("calls are counted by route template and by answer") {
    ApiClient client;
    const json id = client.create("web-1")["server"]["id"];
    client.call("GET", "/servers/" + id.dump());
    client.call("GET", "/servers/1");
    client.call("GET", "/nowhere");
    client.token = "";
    CHECK(client.call("GET", "/servers").status == 401);
    const json requests = client.call("GET", "/sandbox/requests").body;
    CHECK(requests["total"] == 5);
    CHECK(requests["byRoute"]["GET /servers/{id}"] == 2);
    CHECK(requests["byRoute"]["POST /servers"] == 1);
    CHECK(requests["byRoute"]["GET (unknown)"] == 1);
    CHECK(requests["byStatus"]["404"] == 2);
    CHECK(client.call("DELETE", "/sandbox/requests").status == 204);
    CHECK(client.call("GET", "/sandbox/requests").body["total"] == 0);
    CHECK(client.call("GET", "/sandbox/nothing").status == 404);
}
