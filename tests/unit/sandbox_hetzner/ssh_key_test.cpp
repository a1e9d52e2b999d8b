#include "api_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using nlohmann::json;

namespace {

constexpr const char* kPublicKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@here";

}  // namespace

TEST_CASE("an SSH key is kept with its fingerprint, once a project") {
    ApiClient client;
    const auto made =
        client.call("POST", "/ssh_keys", {{"name", "mine"}, {"public_key", kPublicKey}});
    REQUIRE(made.status == 201);
    const json key = made.body["ssh_key"];
    CHECK(key["fingerprint"].get<std::string>().size() == 47);
    CHECK(
        client.call("POST", "/ssh_keys", {{"name", "other"}, {"public_key", kPublicKey}}).status ==
        409);
    const std::string path = "/ssh_keys/" + key["id"].dump();
    CHECK(client.get("/ssh_keys?name=mine")["ssh_keys"].size() == 1);
    CHECK(client.get("/ssh_keys?name=other")["ssh_keys"].empty());
    CHECK(client.call("PUT", path, {{"name", "renamed"}}).body["ssh_key"]["name"] == "renamed");
    client.create("web-1", {{"ssh_keys", {"renamed"}}});
    client.create("web-2", {{"ssh_keys", {key["id"]}}});
    CHECK(client.call("DELETE", path).status == 204);
    CHECK(client.call("GET", path).status == 404);
}

TEST_CASE("what is not a public key is refused") {
    ApiClient client;
    for (const char* text : {"", "nonsense", "ssh-ed25519", "ssh-ed25519 nonsense",
                             "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8="}) {
        INFO(text);
        const auto answer = client.call("POST", "/ssh_keys", {{"name", "k"}, {"public_key", text}});
        CHECK(answer.status == 422);
    }
}
