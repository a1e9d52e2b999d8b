#include "engine/budgeted_transport.hpp"

#include "simulation/support/virtual_clock.hpp"
#include "support/catch.hpp"
#include "support/fake_cloud_budgets.hpp"
#include "support/fake_http_transport.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

namespace {

struct World {
    simulation::VirtualClock clock;
    support::FakeHttpTransport inner;
    support::FakeCloudBudgets budgets{clock};
    base::MetricRegistry metrics;
    core::BudgetPolicy policy{.limits = {{.requests = 100, .window = 100s}}, .creates_at_once = 2};
    std::unique_ptr<ports::HttpTransport> transport = engine::make_budgeted_transport(
        inner, budgets, {.project = "hetzner", .policy = policy, .metrics = &metrics});

    base::Result<ports::HttpResponse> send(const std::string& method,
                                           std::chrono::milliseconds limit = 90s) {
        ports::HttpRequest request;
        request.method = method;
        request.url = "http://cloud.test/servers";
        return transport->send(request, base::Call::within(limit));
    }
    core::BudgetState state() { return budgets.view("hetzner", policy).value().state; }
};

}  // namespace

TEST_CASE("every request takes one from the budget, as urgent as its method says") {
    World world;
    (void)world.send("GET");
    (void)world.send("POST");
    (void)world.send("DELETE");
    {
        const ports::UrgencyScope sweep(core::Urgency::sweep);
        (void)world.send("GET");
    }
    CHECK(world.state().granted == std::array<std::int64_t, core::urgencies>{1, 1, 1, 1});
    CHECK(world.state().creates.empty());
    CHECK(world.metrics.text().find(
              R"(hatchery_cloud_requests_total{provider="hetzner",urgency="sweep"} 1)") !=
          std::string::npos);
}

TEST_CASE("what the budget has no place for is not sent, and says when it can be") {
    World world;
    for (int i = 0; i < 95; ++i) REQUIRE(world.send("GET"));
    const auto refused = world.send("GET");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == base::ErrorKind::rate_limited);
    CHECK(refused.error().effect == base::Effect::none);
    CHECK(refused.error().code == core::code_request_budget);
    CHECK(refused.error().retry_after == 1s);
    CHECK(refused.error().message ==
          "waiting 1.0 s for the request budget of hetzner: 5 of 100 requests per 1 min 40 s are "
          "left, and a poll leaves the last 5 to others");
    CHECK(world.inner.requests().size() == 95);
    CHECK(world.send("DELETE"));
}

TEST_CASE("a 429 and the provider's count reach the budget") {
    World world;
    world.inner.answer_next({.status = 429,
                             .headers = {{"ratelimit-limit", "100"},
                                         {"ratelimit-remaining", "0"},
                                         {"retry-after", "3"}},
                             .body = {}});
    CHECK(world.send("GET").value().status == 429);
    CHECK(world.state().refused_by_provider == 1);
    CHECK_FALSE(world.send("DELETE"));
    world.clock.advance(3s);
    CHECK(world.send("DELETE"));
    CHECK(world.inner.requests().size() == 2);
}

TEST_CASE("a create is under way until it is answered, whatever the answer") {
    World world;
    int under_way = 0;
    world.inner.answer_otherwise(
        [&](const ports::HttpRequest&) -> base::Result<ports::HttpResponse> {
            under_way = static_cast<int>(world.state().creates.size());
            return base::fail(base::ErrorKind::timeout, "no answer");
        });
    CHECK_FALSE(world.send("POST"));
    CHECK(under_way == 1);
    CHECK(world.state().creates.empty());
}

TEST_CASE("a POST that has less than a minute for its answer is not sent") {
    World world;
    const auto refused = world.send("POST", 59s);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == base::ErrorKind::timeout);
    CHECK(refused.error().effect == base::Effect::none);
    CHECK(refused.error().code == engine::code_hurried_post);
    CHECK(world.inner.requests().empty());
    // It takes nothing from the budget either.
    CHECK(world.state().granted == std::array<std::int64_t, core::urgencies>{});
    CHECK(world.send("POST", 61s));
    CHECK(world.send("GET", 1s));
    CHECK(world.send("DELETE", 1s));
}
