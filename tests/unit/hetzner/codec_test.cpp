#include "providers/hetzner/codec.hpp"

#include "base/json_value.hpp"
#include "providers/rest/client.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using base::ErrorKind;
using base::Json;
using providers::CloudServerStatus;
using providers::CreateServer;

namespace {

CreateServer plain_request() {
    return {.name = "hatchery-1",
            .region = "fsn1",
            .type = "cx23",
            .image = "debian-12",
            .labels = {{"hatchery-installation", "0199-abc"}},
            .user_data = base::Secret("#cloud-config\n")};
}

Json answered_server() {
    return *base::parse_json(R"({
      "id": 42, "name": "hatchery-1", "status": "initializing", "new_field": {"a": [1]},
      "created": "2026-11-21T06:00:00+00:00", "labels": {"k": "v", "odd": 7},
      "public_net": {"ipv4": {"ip": "192.0.2.7", "blocked": false}, "ipv6": null},
      "location": {"name": "fsn1"},
      "server_type": {"name": "cx23", "prices": [
        {"location": "nbg1", "price_hourly": {"net": "9"}, "price_monthly": {"net": "9"}},
        {"location": "fsn1", "price_hourly": {"net": "0.0060", "gross": "0.0071"},
         "price_monthly": {"net": "3.4900", "gross": "4.1531"}}]}})");
}

}  // namespace

TEST_CASE("a create asks for a started server with both address families") {
    const Json body = providers::hetzner::encode_create(plain_request());
    CHECK(body == *base::parse_json(R"({"name":"hatchery-1","server_type":"cx23",
      "image":"debian-12","location":"fsn1","start_after_create":true,
      "labels":{"hatchery-installation":"0199-abc"},
      "public_net":{"enable_ipv4":true,"enable_ipv6":true},"user_data":"#cloud-config\n"})"));
}

TEST_CASE("absent choices are left out of a create") {
    CreateServer request = plain_request();
    request.region.clear();
    request.user_data = base::Secret();
    const Json body = providers::hetzner::encode_create(request);
    CHECK_FALSE(body.contains("location"));
    CHECK_FALSE(body.contains("user_data"));
}

TEST_CASE("a create that Hetzner would refuse is refused before it is sent") {
    const auto refuses = [](auto&& change) {
        CreateServer request = plain_request();
        change(request);
        const auto checked = providers::hetzner::check_create(request);
        return !checked && checked.error().kind == ErrorKind::invalid;
    };
    CHECK(providers::hetzner::check_create(plain_request()).has_value());
    CHECK(refuses([](CreateServer& r) { r.name = ""; }));
    CHECK(refuses([](CreateServer& r) { r.name = "under_score"; }));
    CHECK(refuses([](CreateServer& r) { r.name = "-x"; }));
    CHECK(refuses([](CreateServer& r) { r.name = std::string(64, 'a'); }));
    CHECK(refuses([](CreateServer& r) { r.type.clear(); }));
    CHECK(refuses([](CreateServer& r) { r.image.clear(); }));
    CHECK(refuses([](CreateServer& r) { r.labels["bad key"] = "v"; }));
    CHECK(refuses([](CreateServer& r) { r.labels["k"] = "v,w"; }));
    CHECK(refuses([](CreateServer& r) { r.labels["k"] = std::string(64, 'v'); }));
    CHECK(refuses([](CreateServer& r) { r.user_data = base::Secret(std::string(32'769, 'x')); }));
    CHECK_FALSE(
        refuses([](CreateServer& r) { r.user_data = base::Secret(std::string(32'768, 'x')); }));
}

TEST_CASE("a server is read whole, unknown members passed over") {
    const auto server = providers::hetzner::decode_server(answered_server(), "EUR");
    REQUIRE(server);
    CHECK(server->provider_server_id == "42");
    CHECK(server->name == "hatchery-1");
    CHECK(server->status == CloudServerStatus::initializing);
    CHECK(server->public_ip == "192.0.2.7");
    CHECK(server->labels == std::map<std::string, std::string>{{"k", "v"}});
    CHECK(server->region == "fsn1");
    CHECK(server->type == "cx23");
    CHECK(server->created_at == *base::parse_time("2026-11-21T06:00:00Z"));
    CHECK(server->price_hourly == "0.0060");
    CHECK(server->price_monthly == "3.4900");
    CHECK(server->price_currency == "EUR");
}

TEST_CASE("nulls, missing members and wrong types leave a server's fields empty") {
    for (const char* text :
         {R"({"id":1,"name":"a"})",
          R"({"id":1,"name":"a","status":null,"public_net":null,"labels":null,"server_type":null,
              "location":null,"created":null})",
          R"({"id":1,"name":"a","status":3,"public_net":[],"labels":[],"server_type":"x",
              "location":5,"created":"yesterday"})"}) {
        CAPTURE(text);
        const auto server = providers::hetzner::decode_server(*base::parse_json(text), "EUR");
        REQUIRE(server);
        CHECK(server->status == CloudServerStatus::unknown);
        CHECK(server->public_ip.empty());
        CHECK(server->labels.empty());
        CHECK(server->price_currency.empty());
    }
}

TEST_CASE("a server whose id is no number is none") {
    for (const char* id : {"-1", "\"\"", "\"../images\"", "1.5", "null", "[1]"}) {
        CAPTURE(id);
        const auto server = base::parse_json(R"({"name":"n","id":)" + std::string(id) + "}");
        REQUIRE(server);
        CHECK_FALSE(providers::hetzner::decode_server(*server, "EUR"));
    }
}

TEST_CASE("a server without id or name is none") {
    for (const char* text : {"{}", "null", "[]", R"({"id":1})", R"({"name":"a"})"}) {
        CAPTURE(text);
        CHECK_FALSE(providers::hetzner::decode_server(*base::parse_json(text), "EUR"));
    }
}

TEST_CASE("every status word of Hetzner is known and others are unknown") {
    const std::vector<std::pair<std::string, CloudServerStatus>> rows = {
        {"initializing", CloudServerStatus::initializing},
        {"starting", CloudServerStatus::starting},
        {"running", CloudServerStatus::running},
        {"stopping", CloudServerStatus::off},
        {"off", CloudServerStatus::off},
        {"deleting", CloudServerStatus::deleting},
        {"migrating", CloudServerStatus::unknown},
        {"rebuilding", CloudServerStatus::unknown},
        {"unknown", CloudServerStatus::unknown},
        {"levitating", CloudServerStatus::unknown}};
    for (const auto& [word, status] : rows) {
        CAPTURE(word);
        Json server = answered_server();
        server["status"] = word;
        CHECK(providers::hetzner::decode_server(server, "EUR")->status == status);
    }
}

TEST_CASE("the region of an older answer stands below its datacenter") {
    Json server = answered_server();
    server.erase("location");
    server["datacenter"] = {{"name", "fsn1-dc14"}, {"location", {{"name", "fsn1"}}}};
    CHECK(providers::hetzner::decode_server(server, "EUR")->region == "fsn1");
}

TEST_CASE("a label selector takes nothing that could select other servers") {
    CHECK(providers::hetzner::label_selector("hatchery-installation", "0199-a").value() ==
          "hatchery-installation=0199-a");
    for (const char* value : {"", "a,b", "a b", "a=b", "!a", "-a", "a\n"}) {
        CAPTURE(value);
        CHECK_FALSE(providers::hetzner::label_selector("k", value));
        CHECK_FALSE(providers::hetzner::label_selector(value, "v"));
    }
}

TEST_CASE("query text is escaped byte by byte") {
    CHECK(providers::rest::query_escape("k=v w/ü&~") == "k%3Dv%20w%2F%C3%BC%26~");
}

TEST_CASE("a server id that is no number never reaches a path") {
    CHECK(providers::rest::check_id("Hetzner", "42").has_value());
    for (const char* id : {"", "../firewalls/1", "1?x", "-1", "99999999999999999999"}) {
        CAPTURE(id);
        CHECK_FALSE(providers::rest::check_id("Hetzner", id));
    }
}

TEST_CASE("the next page is the answer's own word") {
    const auto next = [](const char* text) {
        return providers::hetzner::next_page(*base::parse_json(text));
    };
    CHECK(next(R"({"meta":{"pagination":{"page":1,"next_page":2}}})") == 2);
    CHECK_FALSE(next(R"({"meta":{"pagination":{"page":2,"next_page":null}}})"));
    CHECK_FALSE(next("{}"));
}

TEST_CASE("offers leave out what is no longer sold and mark what is out of stock") {
    const Json type = *base::parse_json(R"({"name":"cx23","cores":2,"memory":4.0,"disk":40,
      "architecture":"x86","prices":[{"location":"fsn1","price_hourly":{"net":"0.006"},
      "price_monthly":{"net":"3.49"}}],
      "locations":[{"name":"fsn1","available":true,"deprecation":null},
                   {"name":"nbg1","available":false,"deprecation":null},
                   {"name":"hel1","available":true,
                    "deprecation":{"unavailable_after":"2026-01-01T00:00:00Z"}},
                   {"name":"ash","available":true,
                    "deprecation":{"unavailable_after":"2027-01-01T00:00:00Z"}}]})");
    const auto offers =
        providers::hetzner::decode_offers(type, {{"fsn1", {"Falkenstein, DE", "DE"}}}, "EUR",
                                          *base::parse_time("2026-11-21T00:00:00Z"));
    REQUIRE(offers.size() == 3);
    CHECK(offers[0].region == "fsn1");
    CHECK(offers[0].region_description == "Falkenstein, DE");
    CHECK(offers[0].country == "DE");
    CHECK(offers[0].price_monthly == "3.49");
    CHECK(offers[0].architecture == "x86");
    CHECK(offers[0].available);
    CHECK(offers[1].region == "nbg1");
    CHECK(offers[1].region_description == "nbg1");
    CHECK_FALSE(offers[1].available);
    CHECK(offers[2].region == "ash");
}
