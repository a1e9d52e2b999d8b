#include "api_client.hpp"
#include "sandbox/hetzner/paging.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using namespace hatchery::sandbox;
using nlohmann::json;

TEST_CASE("pages follow one another to the end") {
    CHECK(page_meta({1, 25}, 0)["pagination"]["last_page"] == 1);
    CHECK(page_meta({1, 25}, 0)["pagination"]["next_page"].is_null());
    const json middle = page_meta({2, 10}, 21)["pagination"];
    CHECK(middle["previous_page"] == 1);
    CHECK(middle["next_page"] == 3);
    CHECK(middle["last_page"] == 3);
    CHECK(middle["total_entries"] == 21);
    CHECK(page_bounds({3, 10}, 21) == std::pair<std::size_t, std::size_t>(20, 21));
    CHECK(page_bounds({9, 10}, 21) == std::pair<std::size_t, std::size_t>(21, 21));
}

TEST_CASE("servers come 25 a page, and up to 50 when asked for") {
    ApiClient client;
    for (int number = 0; number < 53; ++number) {
        client.create("web-" + std::to_string(number));
    }
    const json first = client.get("/servers");
    CHECK(first["servers"].size() == 25);
    CHECK(first["meta"]["pagination"]["next_page"] == 2);
    CHECK(client.get("/servers?per_page=50&page=2")["servers"].size() == 3);
    CHECK(client.get("/servers?per_page=50&page=3")["servers"].empty());
    for (const char* query : {"per_page=51", "per_page=0", "page=0", "page=x", "page=-1"}) {
        INFO(query);
        CHECK(client.call("GET", std::string("/servers?") + query).status == 422);
    }
}

TEST_CASE("servers are found by name, status and label") {
    ApiClient client;
    const json first = client.create("a", {{"labels", {{"owner", "me"}}}});
    const json second =
        client.create("b", {{"labels", {{"owner", "you"}}}, {"start_after_create", false}});
    client.wait_for_status(first["server"]["id"], "running");
    client.wait_for_status(second["server"]["id"], "off");
    const auto names = [&](const std::string& query) {
        std::string result;
        const json list = client.get("/servers?" + query);
        for (const auto& server : list["servers"]) {
            result += server["name"].get<std::string>();
        }
        return result;
    };
    CHECK(names("name=a") == "a");
    CHECK(names("name=c").empty());
    CHECK(names("status=off") == "b");
    CHECK(names("status=off&status=running") == "ab");
    CHECK(names("label_selector=owner!=me") == "b");
    CHECK(names("sort=name:desc") == "ba");
    CHECK(names("sort=id") == "ab");
    CHECK(client.call("GET", "/servers?sort=colour").status == 422);
    CHECK(client.call("GET", "/servers?label_selector=a=b=c").status == 422);
}

TEST_CASE("the catalogue offers only what can be made") {
    ApiClient client;
    const json images = client.get("/images?name=debian-12")["images"];
    REQUIRE(images.size() == 1);
    CHECK(client.get("/images")["images"].size() == 1);
    CHECK(client.get("/images?name=ubuntu-24.04")["images"].empty());
    CHECK(client.get("/images/" + images[0]["id"].dump())["image"]["name"] == "debian-12");
    CHECK(client.call("GET", "/images/1").status == 404);
    CHECK(client.get("/locations")["locations"].size() == 6);
    CHECK(client.get("/locations?name=hel1")["locations"][0]["network_zone"] == "eu-central");
    const std::string architecture = images[0]["architecture"];
    const json types = client.get("/server_types");
    for (const auto& type : types["server_types"]) {
        for (const auto& offer : type["locations"]) {
            INFO(type["name"]);
            CHECK(offer["available"].get<bool>() == (type["architecture"] == architecture));
        }
    }
    const json pricing = client.get("/pricing")["pricing"];
    CHECK(pricing["currency"] == "EUR");
    CHECK(pricing["server_types"].size() == 4);
}
