#include <map>
#include <string>

#include "e2e/support/world.hpp"
#include "support/catch.hpp"

// Deploys on Droplets of the sandbox's DigitalOcean, which have the same hosts as Hetzner's
// servers.

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using e2e::skip_without_hosts;
using e2e::World;

std::string text(const base::Json& object, const char* key) {
    return base::json_string(object, key);
}

e2e::WorldOptions on_digitalocean(const std::string& name) {
    return {.bundle = e2e::Bundle::stand_in,
            .name = name,
            .settings = {{"HATCHERY_PROVIDER", "digitalocean"},
                         {"DIGITALOCEAN_API_TOKEN", "e2e-account"},
                         {"HATCHERY_DEFAULT_REGION", "fra1"},
                         {"HATCHERY_DEFAULT_SERVER_TYPE", "s-2vcpu-4gb"},
                         {"HATCHERY_SSH_SOURCES", "127.0.0.0/8,192.0.2.7"},
                         {"HATCHERY_IMAGE", "debian-12-x64"}}};
}

base::Json wait_end(const World& world, const std::string& bot) {
    return world.wait_status(bot, 240s, [](const base::Json& status) {
        const auto state = text(base::json_member(status, "operation"), "state");
        return state == "succeeded" || state == "failed" || state == "cancelled";
    });
}

base::Json droplets(const World& world) {
    return world.digitalocean().get("/droplets?per_page=200").body.at("droplets");
}

/// No Droplet is listed, and Hatchery has seen that it is gone.
void wait_until_empty(const World& world) {
    REQUIRE(world.eventually(120s, [&] {
        return droplets(world).empty() && world.listed("/api/cloud/servers").empty();
    }));
}

long long calls(const World& world, const char* route) {
    const auto counted = world.digitalocean().get("/sandbox/requests").body;
    return base::json_int(base::json_member(counted, "byRoute"), route);
}

}  // namespace

TEST_CASE("a bot is deployed on DigitalOcean, answers, and is deleted with its Droplet") {
    if (skip_without_hosts()) return;
    World world(on_digitalocean("digitalocean"));
    const auto token = world.new_telegram_token();
    const auto bot = world.deploy("Ocean bot", token);
    const auto ended = wait_end(world, bot);
    INFO(base::dump_json_pretty(ended));
    REQUIRE(text(ended, "status") == "active");
    REQUIRE_THAT(world.chat(token, "hello", 30s), Catch::Contains("hello"));
    REQUIRE(world.servers().empty());
    const auto made = droplets(world);
    REQUIRE(made.size() == 1);
    CHECK(calls(world, "POST /droplets") == 1);
    // The looks at what boots told the address, too: nobody asked for it again.
    CHECK(calls(world, "GET /droplets/{droplet_id}") <= 2);

    // From its first moment nothing but SSH from the configured sources gets in.
    const auto firewalls =
        base::json_member(world.digitalocean().get("/firewalls").body, "firewalls");
    REQUIRE(firewalls.size() == 1);
    const base::Json rules = firewalls[0]["inbound_rules"];
    REQUIRE(rules.size() == 1);
    CHECK(rules[0]["ports"] == "22");
    CHECK(rules[0]["sources"]["addresses"] == base::Json({"127.0.0.0/8", "192.0.2.7/32"}));
    const std::string tag = firewalls[0]["tags"][0];
    CHECK(base::dump_json(made[0]["tags"]).find(tag) != std::string::npos);
    // Without a key it would mail a root password for every Droplet.
    CHECK(base::json_member(world.digitalocean().get("/account/keys").body, "ssh_keys").size() ==
          1);

    const auto shown = world.api().get("/api/cloud/servers").body;
    REQUIRE(shown["items"].size() == 1);
    CHECK(text(shown["items"][0], "provider") == "digitalocean");
    CHECK_FALSE(shown["items"][0]["orphan"].get<bool>());

    REQUIRE(world.api().remove("/api/bots/" + bot).status / 100 == 2);
    wait_until_empty(world);
}

TEST_CASE("an address that had another host key before is no stranger's") {
    if (skip_without_hosts()) return;
    World world(on_digitalocean("digitalocean address again"));
    REQUIRE(world.digitalocean().put("/sandbox/faults", {{"reuseAddresses", true}}).status == 200);
    std::string address;
    for (int life = 0; life < 2; ++life) {
        const auto bot = world.deploy("Bot of one address", world.new_telegram_token());
        const auto ended = wait_end(world, bot);
        INFO(base::dump_json_pretty(ended));
        REQUIRE(text(ended, "status") == "active");
        const std::string now = droplets(world).at(0)["networks"]["v4"][0]["ip_address"];
        CHECK((address.empty() || address == now));
        address = now;
        REQUIRE(world.api().remove("/api/bots/" + bot).status / 100 == 2);
        wait_until_empty(world);
    }
}

TEST_CASE("a lost answer to DigitalOcean's create is looked up by its tag and adopted") {
    if (skip_without_hosts()) return;
    World world(on_digitalocean("digitalocean lost"));
    REQUIRE(world.digitalocean()
                .put("/sandbox/faults", {{"createAnswerLost", 1}, {"lateVisibilitySeconds", 5}})
                .status == 200);
    const auto bot = world.deploy("Adopted bot", world.new_telegram_token());
    const auto ended = wait_end(world, bot);
    INFO(base::dump_json_pretty(ended));
    REQUIRE(text(ended, "status") == "active");
    CHECK(droplets(world).size() == 1);
    CHECK(calls(world, "POST /droplets") == 1);
}

TEST_CASE("a Droplet limit and a size out of stock are said in DigitalOcean's words") {
    if (skip_without_hosts()) return;
    World world(on_digitalocean("digitalocean refuses"));
    REQUIRE(world.digitalocean().put("/sandbox/faults", {{"quotaServers", 0}}).status == 200);
    const auto bot = world.deploy("Unlucky bot", world.new_telegram_token());
    const auto ended = wait_end(world, bot);
    INFO(base::dump_json_pretty(ended));
    REQUIRE(text(ended, "status") == "failed");
    const auto& error = base::json_member(base::json_member(ended, "operation"), "error");
    CHECK_THAT(base::dump_json(error), Catch::Contains("will exceed your droplet limit"));
    CHECK(droplets(world).empty());
}
