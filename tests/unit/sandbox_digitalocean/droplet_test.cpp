#include "account_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using nlohmann::json;

TEST_CASE("a Droplet is accepted as new, and its address comes when it is active") {
    AccountClient client(std::chrono::milliseconds(50));
    const json droplet = client.create("web-1");
    CHECK(droplet["status"] == "new");
    CHECK(droplet["networks"]["v4"].empty());
    CHECK(droplet["tags"] == json({"k:v"}));
    const json active = client.wait_for_status(droplet["id"], "active");
    CHECK(active["networks"]["v4"][0]["type"] == "public");
    CHECK_FALSE(active["networks"]["v4"][0]["ip_address"].get<std::string>().empty());
}

TEST_CASE("create tells its action, which completes with the Droplet") {
    AccountClient client;
    const auto answer = client.call("POST", "/droplets", droplet_body("web-1"));
    REQUIRE(answer.status == 202);
    const json id = answer.body["droplet"]["id"];
    const json action = answer.body["links"]["actions"][0];
    CHECK(action["rel"] == "create");
    client.wait_for_status(id, "active");
    CHECK(client.get("/actions/" + action["id"].dump())["action"]["status"] == "completed");
}

TEST_CASE("names are not unique, and Droplets are listed by tag and over pages") {
    AccountClient client;
    for (int i = 0; i < 3; ++i) {
        client.create("web-1");
    }
    client.create("other", {{"tags", json::array({"k:w"})}});
    hatchery::sandbox::ApiCall first;
    first.query = {{"tag_name", "k:v"}, {"per_page", "2"}};
    const json page = client.get("/droplets", first);
    CHECK(page["droplets"].size() == 2);
    CHECK(page["meta"]["total"] == 3);
    CHECK(page["links"]["pages"]["next"].get<std::string>().find("page=2") != std::string::npos);
    hatchery::sandbox::ApiCall second = first;
    second.query.emplace("page", "2");
    const json last = client.get("/droplets", second);
    CHECK(last["droplets"].size() == 1);
    CHECK_FALSE(last["links"]["pages"].contains("next"));
    hatchery::sandbox::ApiCall both;
    both.query = {{"tag_name", "k:v"}, {"name", "web-1"}};
    CHECK(client.call("GET", "/droplets", nullptr, both).status == 422);
}

TEST_CASE("a deleted Droplet is gone, and all of a tag go at once") {
    AccountClient client;
    const json one = client.create("one");
    const std::string path = "/droplets/" + one["id"].dump();
    CHECK(client.call("DELETE", path).status == 204);
    CHECK(client.call("DELETE", path).status == 404);
    CHECK(client.call("GET", path).body["id"] == "not_found");
    client.create("two");
    client.create("three");
    hatchery::sandbox::ApiCall by_tag;
    by_tag.query = {{"tag_name", "k:v"}};
    CHECK(client.call("DELETE", "/droplets", nullptr, by_tag).status == 204);
    CHECK(client.get("/droplets")["droplets"].empty());
}

TEST_CASE("power is taken and given, but not while a Droplet is new") {
    AccountClient client(std::chrono::milliseconds(30));
    const json id = client.create("web-1")["id"];
    const std::string actions = "/droplets/" + id.dump() + "/actions";
    CHECK(client.call("POST", actions, {{"type", "power_off"}}).status == 422);
    client.wait_for_status(id, "active");
    CHECK(client.call("POST", actions, {{"type", "power_off"}}).status == 201);
    client.wait_for_status(id, "off");
    CHECK(client.call("POST", actions, {{"type", "power_on"}}).status == 201);
    client.wait_for_status(id, "active");
    CHECK(client.call("POST", actions, {{"type", "dance"}}).status == 422);
}

TEST_CASE("a wrong create says what is wrong and makes nothing") {
    AccountClient client;
    for (const json& change :
         {json{{"name", "under_score"}}, json{{"size", "huge"}}, json{{"image", "windows"}},
          json{{"region", "moon1"}}, json{{"tags", json::array({"a b"})}}, json{{"colour", "red"}},
          json{{"ssh_keys", json::array({4711})}}}) {
        json body = droplet_body("web-1");
        body.update(change);
        const auto answer = client.call("POST", "/droplets", body);
        CAPTURE(change.dump());
        CHECK(answer.status == 422);
        CHECK(answer.body["id"] == "unprocessable_entity");
        CHECK_FALSE(answer.body["message"].get<std::string>().empty());
        CHECK_FALSE(answer.body["request_id"].get<std::string>().empty());
    }
    CHECK(client.get("/droplets")["droplets"].empty());
}

TEST_CASE("an account sees its own Droplets only, and nobody without a token sees any") {
    AccountClient client;
    const json id = client.create("web-1")["id"];
    client.token = "account-2";
    CHECK(client.get("/droplets")["droplets"].empty());
    CHECK(client.call("DELETE", "/droplets/" + id.dump()).status == 404);
    client.token = "";
    CHECK(client.call("GET", "/droplets").status == 401);
}

TEST_CASE("a size costs what single precision makes of it, as at DigitalOcean") {
    AccountClient client;
    const json sizes = client.get("/sizes")["sizes"];
    CHECK(sizes[0]["slug"] == "s-1vcpu-1gb");
    CHECK(sizes[0]["price_hourly"].dump() == "0.00892999954521656");
}

TEST_CASE("an archived Droplet is listed, and deleted as any other") {
    AccountClient client;
    const json droplet = client.create("web-1");
    client.wait_for_status(droplet["id"], "active");
    const std::string id = droplet["id"].dump();
    REQUIRE(client.call("POST", "/sandbox/droplets/" + id + "/archive").status == 204);
    CHECK(client.get("/droplets/" + id)["droplet"]["status"] == "archive");
    CHECK(client.get("/droplets")["droplets"].size() == 1);
    CHECK(client.call("DELETE", "/droplets/" + id).status == 204);
    CHECK(client.call("GET", "/droplets/" + id).status == 404);
}
