#include <fmt/format.h>

#include "base/json_value.hpp"
#include "providers/hetzner/hetzner_provider.hpp"
#include "support/catch.hpp"
#include "support/fake_http_transport.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using base::Effect;
using base::ErrorKind;

namespace {

/// A provider whose other side is a script.
struct Bench {
    support::FakeHttpTransport http;
    base::SystemClock clock;
    std::unique_ptr<providers::CloudProvider> provider = providers::make_hetzner_provider(
        {.base_url = "https://cloud.test/v1/", .token = base::Secret("the-token")}, http, clock);

    static base::Call soon() { return base::Call::within(10s); }
};

std::string page_of(int first, int count, const std::string& next) {
    base::Json servers = base::Json::array();
    for (int id = first; id < first + count; ++id) {
        servers.push_back({{"id", id}, {"name", fmt::format("s{}", id)}, {"labels", {{"k", "v"}}}});
    }
    return fmt::format(R"({{"servers":{},"meta":{{"pagination":{{"next_page":{}}}}}}})",
                       base::dump_json(servers), next);
}

providers::CreateServer request_named(const std::string& name) {
    return {.name = name,
            .region = "fsn1",
            .type = "cx23",
            .image = "debian-12",
            .labels = {},
            .user_data = base::Secret("#cloud-config")};
}

}  // namespace

TEST_CASE("a list walks all pages and keeps only servers that bear the label") {
    Bench bench;
    bench.http.answer_next(200, page_of(1, 50, "2"));
    bench.http.answer_next(200, page_of(51, 3, "null"));
    const auto listed = bench.provider->list_servers("k", "v", Bench::soon());
    REQUIRE(listed);
    CHECK(listed->size() == 53);
    const auto requests = bench.http.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].url ==
          "https://cloud.test/v1/servers?sort=id%3Aasc&label_selector=k%3Dv&page=1&per_page=50");
    CHECK(requests[1].url.ends_with("&page=2&per_page=50"));
    CHECK(requests[0].bearer->equals("the-token"));

    bench.http.answer_next(200, R"({"servers":[{"id":9,"name":"foreign","labels":{"k":"w"}}]})");
    CHECK(bench.provider->list_servers("k", "v", Bench::soon())->empty());
}

TEST_CASE("a list whose second page fails is no list") {
    Bench bench;
    bench.http.answer_next(200, page_of(1, 50, "2"));
    bench.http.answer_next(503, R"({"error":{"code":"unavailable","message":"later"}})");
    const auto listed = bench.provider->list_servers("k", "v", Bench::soon());
    REQUIRE_FALSE(listed);
    CHECK(listed.error().kind == ErrorKind::unavailable);
    CHECK(listed.error().effect == Effect::none);
}

TEST_CASE("pages that lead in a circle end in an error") {
    Bench bench;
    bench.http.answer_next(200, page_of(1, 50, "2"));
    bench.http.answer_next(200, page_of(51, 50, "1"));
    const auto listed = bench.provider->list_servers("k", "v", Bench::soon());
    REQUIRE_FALSE(listed);
    CHECK(listed.error().kind == ErrorKind::bad_response);
}

TEST_CASE("a list without servers or with a nameless one is refused") {
    Bench bench;
    for (const char* body :
         {"{}", R"({"servers":null})", R"({"servers":[{"id":1}]})", "not JSON"}) {
        CAPTURE(body);
        bench.http.answer_next(200, body);
        const auto listed = bench.provider->list_servers("k", "v", Bench::soon());
        REQUIRE_FALSE(listed);
        CHECK(listed.error().kind == ErrorKind::bad_response);
    }
}

TEST_CASE("a deleted server is a success, a 404 of somebody else is not") {
    Bench bench;
    bench.http.answer_next(404, R"({"error":{"code":"not_found","message":"gone"}})");
    CHECK(bench.provider->delete_server("42", Bench::soon()));
    bench.http.answer_next(404, "<html>no such page</html>");
    CHECK_FALSE(bench.provider->delete_server("42", Bench::soon()));
    bench.http.answer_next(423, R"({"error":{"code":"locked","message":"an action runs"}})");
    const auto locked = bench.provider->delete_server("42", Bench::soon());
    REQUIRE_FALSE(locked);
    CHECK(locked.error().kind == ErrorKind::conflict);
    CHECK(locked.error().code == "locked");
}

TEST_CASE("a server that is not there is nothing, not an error") {
    Bench bench;
    bench.http.answer_next(404, R"({"error":{"code":"not_found","message":"gone"}})");
    const auto shown = bench.provider->get_server("42", Bench::soon());
    REQUIRE(shown);
    CHECK_FALSE(shown->has_value());
    bench.http.answer_next(200, R"({"servers":[{"id":1,"name":"other"}]})");
    const auto found = bench.provider->find_server("mine", Bench::soon());
    REQUIRE(found);
    CHECK_FALSE(found->has_value());
}

TEST_CASE("a create whose answer makes no sense has taken effect") {
    Bench bench;
    bench.http.answer_next(201, R"({"action":{}})");
    const auto created = bench.provider->create_server(request_named("x"), Bench::soon());
    REQUIRE_FALSE(created);
    CHECK(created.error().kind == ErrorKind::bad_response);
    CHECK(created.error().effect == Effect::applied);
    bench.http.answer_next(201, "not JSON");
    CHECK(bench.provider->create_server(request_named("x"), Bench::soon()).error().effect ==
          Effect::unknown);
}

TEST_CASE("a transport failure keeps its effect for a create and has none for a look-up") {
    Bench bench;
    const base::Error cut{.kind = ErrorKind::timeout, .effect = Effect::unknown, .message = "late"};
    bench.http.fail_next(cut);
    CHECK(bench.provider->create_server(request_named("x"), Bench::soon()).error().effect ==
          Effect::unknown);
    bench.http.fail_next(cut);
    CHECK(bench.provider->find_server("x", Bench::soon()).error().effect == Effect::none);
}

TEST_CASE("a wrong create is refused without a request") {
    Bench bench;
    const auto created =
        bench.provider->create_server(request_named("no_host_name"), Bench::soon());
    REQUIRE_FALSE(created);
    CHECK(created.error().kind == ErrorKind::invalid);
    CHECK(bench.http.requests().empty());
}

TEST_CASE("nothing is retried") {
    Bench bench;
    bench.http.answer_next(503, "");
    CHECK_FALSE(bench.provider->create_server(request_named("x"), Bench::soon()));
    CHECK(bench.http.requests().size() == 1);
}

TEST_CASE("the budget is what the last answer said") {
    Bench bench;
    CHECK_FALSE(bench.provider->budget());
    bench.http.answer_next({.status = 200,
                            .headers = {{"RateLimit-Limit", "3600"}, {"RateLimit-Remaining", "12"}},
                            .body = page_of(1, 1, "null")});
    REQUIRE(bench.provider->list_servers("k", "v", Bench::soon()));
    REQUIRE(bench.provider->budget());
    CHECK(bench.provider->budget()->limit == 3600);
    CHECK(bench.provider->budget()->remaining == 12);
}

TEST_CASE("offers carry the currency of the price list") {
    Bench bench;
    bench.http.answer_next(200,
                           R"({"locations":[{"name":"ash","city":"Ashburn, VA","country":"US"}]})");
    bench.http.answer_next(200, R"({"pricing":{"currency":"USD"}})");
    bench.http.answer_next(200, R"({"server_types":[{"name":"cpx22","cores":2,"memory":4,"disk":80,
      "prices":[],"locations":[{"name":"ash","available":true}]}]})");
    const auto offers = bench.provider->offers(Bench::soon());
    REQUIRE(offers);
    REQUIRE(offers->size() == 1);
    CHECK(offers->front().region_description == "Ashburn, VA, US");
    CHECK(offers->front().price_currency == "USD");
}

TEST_CASE(
    "a server's price is in the account's currency from the first answer on, address included") {
    Bench bench;
    const std::string server = R"({"id":1,"name":"x","location":{"name":"ash"},
      "public_net":{"ipv4":{"ip":"192.0.2.1"}},"server_type":{"name":"cpx22","prices":[
      {"location":"ash","price_hourly":{"net":"0.0060"},"price_monthly":{"net":"3.4900"}}]}})";
    bench.http.answer_next(201, R"({"server":)" + server + "}");
    bench.http.answer_next(200, R"({"pricing":{"currency":"USD","primary_ips":[
      {"type":"ipv4","prices":[{"location":"ash","price_hourly":{"net":"0.0008"},
        "price_monthly":{"net":"0.5"}}]}]}})");
    const auto created = bench.provider->create_server(request_named("x"), Bench::soon());
    REQUIRE(created);
    CHECK(created->price_currency == "USD");
    CHECK(created->price_monthly == "3.9900");
    CHECK(created->price_hourly == "0.0068");
    // The list is read once.
    bench.http.answer_next(200, R"({"servers":[)" + server + "]}");
    const auto found = bench.provider->find_server("x", Bench::soon());
    CHECK(found.value()->price_currency == "USD");
    CHECK(bench.http.requests().size() == 3);
}

TEST_CASE("a create is as good without its price list, which is not asked for again at once") {
    Bench bench;
    const std::string server = R"({"server":{"id":1,"name":"x","location":{"name":"ash"},
      "server_type":{"prices":[{"location":"ash","price_monthly":{"net":"3.4900"}}]}}})";
    bench.http.answer_next(201, server);
    bench.http.answer_next(503, "");
    const auto created = bench.provider->create_server(request_named("x"), Bench::soon());
    REQUIRE(created);
    CHECK(created->price_monthly == "3.4900");
    CHECK(created->price_currency.empty());
    bench.http.answer_next(200, server);
    REQUIRE(bench.provider->get_server("1", Bench::soon()));
    CHECK(bench.http.requests().size() == 3);
}

TEST_CASE("servers are looked at in fifties, and what was seen before a refusal counts") {
    Bench bench;
    providers::WantedServers wanted{.of_all = {"k", "v"}, .label = "server", .servers = {}};
    for (int id = 1; id <= 60; ++id) {
        wanted.servers.push_back(
            {.provider_server_id = std::to_string(id), .label_value = fmt::format("row-{}", id)});
    }
    bench.http.answer_next(200, page_of(1, 50, "null"));
    bench.http.answer_next(200, page_of(51, 12, "null"));
    CHECK(bench.provider->look_at(wanted, Bench::soon())->size() == 60);
    const auto url = bench.http.requests().at(1).url;
    CHECK(url.find("label_selector=server%20in%20%28row-51%2Crow-52%2C") != std::string::npos);
    bench.http.answer_next(200, page_of(1, 50, "null"));
    bench.http.answer_next(429, R"({"error":{"code":"rate_limit_exceeded","message":"slow"}})");
    CHECK(bench.provider->look_at(wanted, Bench::soon())->size() == 50);
    bench.http.answer_next(503, "");
    CHECK_FALSE(bench.provider->look_at(wanted, Bench::soon()));
}

TEST_CASE("a create's answer names its actions, and those of what comes next") {
    Bench bench;
    bench.http.answer_next(201, R"({"server":{"id":1,"name":"x"},"action":{"id":71},
      "next_actions":[{"id":72},{"id":"x/y"},{}]})");
    const auto created = bench.provider->create_server(request_named("x"), Bench::soon());
    REQUIRE(created);
    CHECK(created->create_actions == std::vector<std::string>{"71", "72"});
    bench.http.answer_next(201, R"({"server":{"id":1,"name":"x"},"action":null})");
    CHECK(bench.provider->create_server(request_named("x"), Bench::soon())->create_actions.empty());
}

TEST_CASE("actions are asked for 25 at a time, and a failed one says why in Hetzner's words") {
    Bench bench;
    std::vector<std::string> ids;
    for (int id = 1; id <= 26; ++id) ids.push_back(std::to_string(id));
    bench.http.answer_next(200, R"({"actions":[
      {"id":1,"command":"create_server","status":"running","progress":40,"error":null},
      {"id":2,"command":"start_server","status":"success","progress":100,"error":null},
      {"id":3,"command":"create_server","status":"dreaming"},{"status":"success"}]})");
    bench.http.answer_next(200, R"({"actions":[
      {"id":26,"command":"create_server","status":"error","progress":100,
       "error":{"code":"placement_error","message":"no host is free"}}]})");
    const auto seen = bench.provider->actions(ids, Bench::soon());
    REQUIRE(seen);
    REQUIRE(seen->size() == 4);
    using State = core::CloudAction::State;
    CHECK(seen->at(0).state == State::running);
    CHECK(seen->at(0).progress_percent == 40);
    CHECK(seen->at(1).state == State::succeeded);
    CHECK(seen->at(2).state == State::unknown);
    const auto& failed = seen->at(3);
    CHECK(failed.state == State::failed);
    CHECK(failed.error.kind == ErrorKind::out_of_stock);
    CHECK(failed.error.effect == base::Effect::none);
    CHECK(failed.error.code == "placement_error");
    CHECK(failed.error.message.find("no host is free (placement_error)") != std::string::npos);
    const auto requests = bench.http.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].url.find("/actions?id=1&id=2&") != std::string::npos);
    CHECK(requests[0].url.ends_with("&id=25"));
    CHECK(requests[1].url.ends_with("/actions?id=26"));
}

TEST_CASE("what is seen of actions before a refusal counts, and nonsense is an error") {
    Bench bench;
    const std::vector<std::string> one{"7"};
    bench.http.answer_next(200, "{}");
    CHECK(bench.provider->actions(one, Bench::soon()).error().kind == ErrorKind::bad_response);
    bench.http.answer_next(503, "");
    CHECK(bench.provider->actions(one, Bench::soon()).error().kind == ErrorKind::unavailable);
    bench.http.answer_next(200, R"({"actions":[{"id":7,"status":"error","error":null}]})");
    const auto broken = bench.provider->actions(one, Bench::soon());
    CHECK(broken->at(0).error.kind == ErrorKind::unavailable);
    CHECK(broken->at(0).error.code == "unknown_error");
    std::vector<std::string> many(26, "7");
    bench.http.answer_next(200, R"({"actions":[{"id":7,"status":"running"}]})");
    bench.http.answer_next(429, R"({"error":{"code":"rate_limit_exceeded","message":"slow"}})");
    CHECK(bench.provider->actions(many, Bench::soon())->size() == 1);
    const auto sent = bench.http.requests().size();
    CHECK_FALSE(bench.provider->actions(std::vector<std::string>{"7&id=8"}, Bench::soon()));
    CHECK(bench.http.requests().size() == sent);
}

TEST_CASE("a firewall whose servers were taken off is put over them again") {
    Bench bench;
    const providers::CreateFirewall request{
        .name = "ssh", .applies_to = {"k", "v"}, .ssh_sources = {"0.0.0.0/0"}};
    const auto shown = [](const std::string& selector) {
        return R"({"firewall":{"id":7,"applied_to":[{"type":"label_selector",
          "label_selector":{"selector":")" +
               selector + R"("}}]}})";
    };
    bench.http.answer_next(201, "{}");
    bench.http.answer_next(200, shown("k==v"));
    REQUIRE(bench.provider->update_firewall("7", request, Bench::soon()));
    CHECK(bench.http.requests().size() == 2);
    bench.http.answer_next(201, "{}");
    bench.http.answer_next(200, shown("k!=v"));
    bench.http.answer_next(201, "{}");
    REQUIRE(bench.provider->update_firewall("7", request, Bench::soon()));
    REQUIRE(bench.http.requests().size() == 5);
    CHECK(bench.http.requests()[4].url.ends_with("/firewalls/7/actions/apply_to_resources"));
}
