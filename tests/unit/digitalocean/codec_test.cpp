#include "providers/digitalocean/codec.hpp"

#include "base/json_value.hpp"
#include "providers/digitalocean/tags.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::providers;
using base::Json;

namespace {

CreateServer plain() {
    return {.name = "hatchery-one",
            .region = "fra1",
            .type = "s-1vcpu-1gb",
            .image = "debian-12-x64",
            .labels = {{"hatchery-installation", "i-1"}, {"hatchery-server", "s-1"}},
            .user_data = base::Secret("#cloud-config")};
}

}  // namespace

TEST_CASE("a create bears a tag for every label and one of its own") {
    const auto body = digitalocean::encode_create(plain());
    REQUIRE(body);
    CHECK(body->at("tags") == Json({"hatchery-installation:i-1", "hatchery-server:s-1",
                                    "hatchery-create:hatchery-one"}));
    CHECK(body->at("size") == "s-1vcpu-1gb");
    CHECK(body->at("image") == "debian-12-x64");
    CHECK_FALSE(body->contains("ssh_keys"));
    auto from_snapshot = plain();
    from_snapshot.image = "4711";
    from_snapshot.ssh_keys = {"512"};
    CHECK(digitalocean::encode_create(from_snapshot)->at("image") == 4711);
    CHECK(digitalocean::encode_create(from_snapshot)->at("ssh_keys") == Json({512}));
}

TEST_CASE("what DigitalOcean would refuse is refused before it is sent") {
    const auto refused = [](auto change) {
        auto request = plain();
        change(request);
        const auto body = digitalocean::encode_create(request);
        return !body && body.error().kind == base::ErrorKind::invalid;
    };
    CHECK(refused([](CreateServer& r) { r.name = "under_score"; }));
    CHECK(refused([](CreateServer& r) { r.name = ""; }));
    CHECK(refused([](CreateServer& r) { r.labels["a.b"] = "c"; }));
    CHECK(refused([](CreateServer& r) { r.labels["a:b"] = "c"; }));
    CHECK(refused([](CreateServer& r) { r.labels["a"] = "c d"; }));
    CHECK(refused([](CreateServer& r) { r.labels["a"] = ""; }));
    CHECK(refused([](CreateServer& r) { r.labels["a"] = std::string(255, 'x'); }));
    CHECK(refused([](CreateServer& r) { r.labels["hatchery-create"] = "other"; }));
    CHECK(refused([](CreateServer& r) { r.type = ""; }));
    CHECK(refused([](CreateServer& r) { r.user_data = base::Secret(std::string(65'537, 'x')); }));
}

TEST_CASE("a Droplet whose id is no number is none") {
    for (const char* id : {"-1", "\"\"", "\"../images\"", "1.5", "null", "[1]"}) {
        CAPTURE(id);
        const auto droplet = base::parse_json(R"({"name":"n","id":)" + std::string(id) + "}");
        REQUIRE(droplet);
        CHECK_FALSE(digitalocean::decode_droplet(*droplet));
    }
}

TEST_CASE("a Droplet is read leniently") {
    const auto droplet = base::parse_json(R"({"id":3164444,"name":"hatchery-one","status":"active",
      "created_at":"2026-07-21T18:37:44Z","size_slug":"s-1vcpu-1gb","unknown":[1],"kernel":null,
      "size":{"price_hourly":0.00743999984115362,"price_monthly":6.0},"region":{"slug":"fra1"},
      "networks":{"v4":[{"type":"private","ip_address":"10.0.0.2"},
                        {"type":"public","ip_address":"192.0.2.7"}]},
      "tags":["hatchery-installation:i-1","hatchery-create:hatchery-one","plain","k:v:w"]})");
    const auto server = digitalocean::decode_droplet(*droplet);
    REQUIRE(server);
    CHECK(server->provider_server_id == "3164444");
    CHECK(server->status == CloudServerStatus::running);
    CHECK(server->public_ip == "192.0.2.7");
    CHECK(server->labels ==
          std::map<std::string, std::string>{{"hatchery-installation", "i-1"}, {"k", "v:w"}});
    CHECK(server->price_hourly == "0.00744");
    CHECK(server->price_monthly == "6");
    CHECK(server->price_currency == "USD");
    CHECK(server->region == "fra1");

    const auto fresh = digitalocean::decode_droplet(
        *base::parse_json(R"({"id":1,"status":"new","networks":{"v4":null},"tags":null})"));
    REQUIRE(fresh);
    CHECK(fresh->status == CloudServerStatus::initializing);
    CHECK(fresh->public_ip.empty());
    CHECK_FALSE(digitalocean::decode_droplet(*base::parse_json(R"({"name":"x"})")));
    CHECK_FALSE(digitalocean::decode_droplet(*base::parse_json("[]")));
}

TEST_CASE("a list goes on while it names a next page") {
    CHECK(digitalocean::next_page(
              *base::parse_json(R"({"links":{"pages":{"next":"https://x?page=2"}}})"), 1) == 2);
    CHECK_FALSE(
        digitalocean::next_page(*base::parse_json(R"({"links":{"pages":{"prev":"x"}}})"), 2));
    CHECK_FALSE(digitalocean::next_page(*base::parse_json(R"({"links":{}})"), 1));
}

TEST_CASE("a size is offered where it is sold, and available where the region has it") {
    std::map<std::string, digitalocean::Region> regions;
    for (const char* text :
         {R"({"slug":"fra1","name":"Frankfurt 1","sizes":["a"]})",
          R"({"slug":"ams3","name":"Amsterdam 3","sizes":[]})",
          R"({"slug":"lon1","name":"London","available":false,"sizes":["a"]})"}) {
        auto region = digitalocean::decode_region(*base::parse_json(text));
        REQUIRE(region);
        regions[region->slug] = *region;
    }
    const auto offers = digitalocean::decode_offers(
        *base::parse_json(R"({"slug":"a","regions":["fra1","ams3","lon1","new9"],"vcpus":2,
          "memory":4096,"disk":80,"price_hourly":0.03571,"price_monthly":24,"available":true})"),
        regions);
    REQUIRE(offers.size() == 4);
    CHECK(offers[0].available);
    CHECK(offers[0].country == "DE");
    CHECK(offers[0].region_description == "Frankfurt 1");
    CHECK(offers[0].memory_gb == 4);
    CHECK(offers[0].price_monthly == "24");
    CHECK_FALSE(offers[1].available);
    CHECK(offers[2].country == "GB");
    CHECK_FALSE(offers[2].available);
    CHECK(offers[3].country.empty());
    CHECK_FALSE(offers[3].available);
}

TEST_CASE("names hold the labels of what bears no tags") {
    const auto name = digitalocean::labelled_name("hatchery-key", {{"k", "v"}, {"l", "w"}});
    REQUIRE(name);
    CHECK(*name == "hatchery-key k:v l:w");
    CHECK(digitalocean::plain_name(*name) == "hatchery-key");
    CHECK(digitalocean::decode_name(*name) ==
          std::map<std::string, std::string>{{"k", "v"}, {"l", "w"}});
    CHECK(digitalocean::decode_name("my laptop").empty());
    CHECK_FALSE(digitalocean::labelled_name("two words", {}));
}

TEST_CASE("a firewall lets SSH in and everything out, and shows what else it lets in") {
    const CreateFirewall request{
        .name = "hatchery-ssh", .applies_to = {"k", "v"}, .ssh_sources = {"192.0.2.0/24"}};
    const auto body = digitalocean::encode_firewall(request);
    REQUIRE(body);
    CHECK(body->at("inbound_rules").size() == 1);
    CHECK(body->at("outbound_rules").size() == 3);
    CHECK(body->at("tags") == Json({"k:v"}));
    Json shown = *body;
    shown["id"] = "0d0c0000-0000-4000-8000-000000000001";
    auto read = digitalocean::decode_resource(ResourceKind::firewall, shown);
    REQUIRE(read);
    CHECK(read->ssh_sources == request.ssh_sources);
    CHECK(read->labels.at("k") == "v");
    shown["inbound_rules"].push_back(
        {{"protocol", "tcp"}, {"ports", "80"}, {"sources", {{"addresses", {"0.0.0.0/0"}}}}});
    read = digitalocean::decode_resource(ResourceKind::firewall, shown);
    CHECK(read->ssh_sources != request.ssh_sources);
    CHECK_FALSE(digitalocean::check_resource_id(ResourceKind::firewall, "../droplets"));
    CHECK_FALSE(digitalocean::check_resource_id(ResourceKind::snapshot, "1/2"));
}

TEST_CASE("the account's limit and its lock are told") {
    const auto good = digitalocean::decode_account(
        *base::parse_json(R"({"droplet_limit":25,"status":"active","status_message":""})"));
    CHECK(good.max_servers == 25);
    CHECK(good.locked_because.empty());
    const auto locked = digitalocean::decode_account(
        *base::parse_json(R"({"droplet_limit":0,"status":"locked","status_message":"unpaid"})"));
    CHECK(locked.max_servers == 0);
    CHECK(locked.locked_because == "unpaid");
    CHECK_FALSE(digitalocean::decode_account(*base::parse_json("{}")).max_servers);
}
