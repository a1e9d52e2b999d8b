#include "account_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using nlohmann::json;

namespace {

std::string refusal_of_create(AccountClient& client) {
    const auto answer = client.call("POST", "/droplets", droplet_body("web-1"));
    return answer.status == 202 ? "" : answer.body["message"].get<std::string>();
}

}  // namespace

TEST_CASE("DigitalOcean's lost answer leaves a Droplet behind") {
    AccountClient client;
    client.set_faults({{"createAnswerLost", 1}});
    CHECK(client.call("POST", "/droplets", droplet_body("web-1")).lost);
    CHECK(client.get("/droplets")["droplets"].size() == 1);
    CHECK_FALSE(client.call("POST", "/droplets", droplet_body("web-2")).lost);
}

TEST_CASE("a size that is out of stock in a region is refused there and missing in its list") {
    AccountClient client;
    client.set_faults(
        {{"outOfStock", json::array({{{"type", "s-1vcpu-1gb"}, {"location", "fra1"}}})}});
    CHECK(refusal_of_create(client) == "Size is not available in this region.");
    client.create("elsewhere", {{"region", "ams3"}});
    hatchery::sandbox::ApiCall all;
    all.query = {{"per_page", "200"}};
    for (const json& region : client.get("/regions", all)["regions"]) {
        const auto sizes = region["sizes"].get<std::vector<std::string>>();
        const bool has = std::find(sizes.begin(), sizes.end(), "s-1vcpu-1gb") != sizes.end();
        CHECK(has == (region["slug"] != "fra1"));
    }
}

TEST_CASE("the Droplet limit is told and kept") {
    AccountClient client;
    client.set_faults({{"quotaServers", 1}});
    CHECK(client.get("/account")["account"]["droplet_limit"] == 1);
    client.create("one");
    CHECK(refusal_of_create(client) ==
          "creating this/these droplet(s) will exceed your droplet limit");
}

TEST_CASE("a Droplet can be stuck, fail to start, be listed late and refuse to go") {
    AccountClient client;
    client.set_faults({{"createActionFails", 1}});
    client.wait_for_status(client.create("fails")["id"], "off");
    client.set_faults({{"stuckInitializing", 1}, {"lateVisibilitySeconds", 3600}});
    const json stuck = client.create("stuck");
    CHECK(client.get("/droplets")["droplets"].size() == 1);
    CHECK(client.get("/droplets/" + stuck["id"].dump())["droplet"]["status"] == "new");
    client.set_faults({{"deleteLocked", 1}});
    const std::string path = "/droplets/" + stuck["id"].dump();
    const auto locked = client.call("DELETE", path);
    CHECK(locked.status == 422);
    CHECK(locked.body["message"] == "Droplet already has a pending event.");
    CHECK(client.call("DELETE", path).status == 204);
}

TEST_CASE("errors are made to order, also after the effect") {
    AccountClient client;
    client.set_faults({{"error", json::array({{{"method", "POST"},
                                               {"route", "/droplets"},
                                               {"status", 503},
                                               {"afterEffect", true}}})}});
    const auto answer = client.call("POST", "/droplets", droplet_body("web-1"));
    CHECK(answer.status == 503);
    CHECK(answer.body["id"] == "service_unavailable");
    CHECK(client.get("/droplets")["droplets"].size() == 1);
}

TEST_CASE("an address that was freed is given again when asked") {
    AccountClient client;
    client.set_faults({{"reuseAddresses", true}});
    const json first = client.create("one");
    const json address =
        client.wait_for_status(first["id"], "active")["networks"]["v4"][0]["ip_address"];
    REQUIRE(client.call("DELETE", "/droplets/" + first["id"].dump()).status == 204);
    const json second = client.create("two");
    CHECK(client.wait_for_status(second["id"], "active")["networks"]["v4"][0]["ip_address"] ==
          address);
}

TEST_CASE("the hour and the minute run out with their own headers") {
    AccountClient client;
    client.set_faults({{"rateLimit", {{"limit", 5000}, {"remaining", 1}}}});
    const auto last = client.call("GET", "/account");
    CHECK(last.status == 200);
    CHECK(header(last, "ratelimit-limit") == "5000");
    CHECK(header(last, "ratelimit-remaining") == "0");
    const auto hour = client.call("GET", "/account");
    CHECK(hour.status == 429);
    CHECK(hour.body["id"] == "too_many_requests");
    CHECK(header(hour, "retry-after").empty());
    CHECK_FALSE(header(hour, "ratelimit-reset").empty());
    client.set_faults({{"rateLimit", {{"limit", 5000}, {"perMinute", 2}}}});
    CHECK(client.call("GET", "/account").status == 200);
    CHECK(client.call("GET", "/account").status == 200);
    const auto burst = client.call("GET", "/account");
    CHECK(burst.status == 429);
    CHECK_FALSE(header(burst, "retry-after").empty());
}
