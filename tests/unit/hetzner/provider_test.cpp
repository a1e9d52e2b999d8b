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
