#include "base/json_value.hpp"
#include "providers/digitalocean/digitalocean_provider.hpp"
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
    std::unique_ptr<providers::CloudProvider> provider = providers::make_digitalocean_provider(
        {.base_url = "https://cloud.test/v2/", .token = base::Secret("the-token")}, http, clock);

    static base::Call soon() { return base::Call::within(10s); }
};

}  // namespace

TEST_CASE("a server is found by the tag of its create alone, and of two the older") {
    Bench bench;
    bench.http.answer_next(200, R"({"droplets":[
      {"id":12,"name":"hatchery-x","created_at":"2026-01-01T00:00:00Z"},
      {"id":9,"name":"hatchery-x","created_at":"2026-01-01T00:00:00Z"},
      {"id":3,"name":"hatchery-other","created_at":"2025-01-01T00:00:00Z"}]})");
    const auto found = bench.provider->find_server("hatchery-x", Bench::soon());
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->provider_server_id == "9");
    CHECK(bench.http.requests().at(0).url ==
          "https://cloud.test/v2/droplets?tag_name=hatchery-create%3Ahatchery-x&page=1&per_page="
          "200");
}

TEST_CASE("a list keeps what bears exactly our tag") {
    Bench bench;
    bench.http.answer_next(200, R"({"droplets":[{"id":1,"name":"a","tags":["k:v"]},
      {"id":2,"name":"b","tags":["K:V"]}],"links":{"pages":{"next":"https://x"}}})");
    bench.http.answer_next(200, R"({"droplets":[{"id":3,"name":"c","tags":["k:v"]}]})");
    const auto listed = bench.provider->list_servers("k", "v", Bench::soon());
    REQUIRE(listed);
    REQUIRE(listed->size() == 2);
    CHECK(listed->back().provider_server_id == "3");
    CHECK(bench.http.requests().at(1).url.find("page=2") != std::string::npos);
}

TEST_CASE("a list without its array or with a nameless entry is no empty list") {
    Bench bench;
    bench.http.answer_next(200, R"({"meta":{"total":0}})");
    CHECK(bench.provider->list_servers("k", "v", Bench::soon()).error().kind ==
          ErrorKind::bad_response);
    bench.http.answer_next(200, R"({"droplets":[{"name":"a"}]})");
    CHECK(bench.provider->list_servers("k", "v", Bench::soon()).error().kind ==
          ErrorKind::bad_response);
}

TEST_CASE("only DigitalOcean's own word says that a server is gone") {
    Bench bench;
    bench.http.answer_next(404, R"({"id":"not_found","message":"gone"})");
    CHECK(bench.provider->delete_server("7", Bench::soon()));
    bench.http.answer_next(404, "<html>no such host</html>");
    const auto refused = bench.provider->delete_server("7", Bench::soon());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::not_found);
    bench.http.answer_next(404, "<html></html>");
    CHECK_FALSE(bench.provider->get_server("7", Bench::soon()));
}

TEST_CASE("ids that would change the path are never sent to DigitalOcean") {
    Bench bench;
    CHECK_FALSE(bench.provider->get_server("1/../2", Bench::soon()));
    CHECK_FALSE(bench.provider->delete_server("?tag_name=x", Bench::soon()));
    CHECK_FALSE(bench.provider->delete_server("", Bench::soon()));
    CHECK_FALSE(bench.provider->change_power("x", providers::PowerAction::on, Bench::soon()));
    CHECK(bench.http.requests().empty());
}

TEST_CASE("an accepted create whose body makes no sense has happened") {
    Bench bench;
    bench.http.answer_next(202, R"({"droplet":{"name":"other","id":1}})");
    const auto created = bench.provider->create_server(
        {.name = "hatchery-x", .type = "s", .image = "debian-12-x64"}, Bench::soon());
    REQUIRE_FALSE(created);
    CHECK(created.error().kind == ErrorKind::bad_response);
    CHECK(created.error().effect == Effect::applied);
}

TEST_CASE("a create's answer links to its action, which is asked for alone") {
    Bench bench;
    bench.http.answer_next(202, R"({"droplet":{"name":"hatchery-x","id":1},"links":{"actions":[
      {"id":71,"rel":"create"},{"id":72,"rel":"multiple_create"},{"rel":"create"}]}})");
    const auto created = bench.provider->create_server(
        {.name = "hatchery-x", .type = "s", .image = "debian-12-x64"}, Bench::soon());
    REQUIRE(created);
    CHECK(created->create_actions == std::vector<std::string>{"71"});
    bench.http.answer_next(200, R"({"action":{"id":71,"status":"errored","type":"create"}})");
    bench.http.answer_next(404, R"({"id":"not_found","message":"gone"})");
    bench.http.answer_next(200, R"({"action":{"id":73,"status":"in-progress","type":"create"}})");
    bench.http.answer_next(200, R"({"action":{"id":74,"status":"completed","type":"create"}})");
    const auto seen =
        bench.provider->actions(std::vector<std::string>{"71", "72", "73", "74"}, Bench::soon());
    REQUIRE(seen);
    REQUIRE(seen->size() == 3);
    using State = core::CloudAction::State;
    CHECK(seen->at(0).state == State::failed);
    CHECK(seen->at(0).error.kind == ErrorKind::unavailable);
    CHECK(seen->at(0).error.code == "errored");
    CHECK(seen->at(0).error.effect == Effect::none);
    CHECK(seen->at(1).state == State::running);
    CHECK(seen->at(2).state == State::succeeded);
    CHECK(bench.http.requests().back().url == "https://cloud.test/v2/actions/74");
    CHECK_FALSE(bench.provider->actions(std::vector<std::string>{"7/../8"}, Bench::soon()));
}

TEST_CASE("the budget is what the last answer of DigitalOcean said") {
    Bench bench;
    CHECK_FALSE(bench.provider->budget());
    ports::HttpResponse response{
        .status = 204,
        .headers = {{"ratelimit-limit", "5000"}, {"ratelimit-remaining", "4987"}},
        .body = ""};
    bench.http.answer_next(response);
    REQUIRE(bench.provider->delete_server("7", Bench::soon()));
    REQUIRE(bench.provider->budget());
    CHECK(bench.provider->budget()->limit == 5000);
    CHECK(bench.provider->budget()->remaining == 4987);
}
