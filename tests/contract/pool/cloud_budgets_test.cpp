#include <thread>

#include "pool_under_test.hpp"
#include "store/pg_cloud_budgets.hpp"
#include "support/fake_cloud_budgets.hpp"

namespace hatchery::contract {

namespace {

struct BudgetsUnderTest {
    explicit BudgetsUnderTest(Backend backend) {
        if (backend == Backend::memory) {
            budgets = std::make_unique<support::FakeCloudBudgets>(clock);
            return;
        }
        database = support::PgCluster::shared().create_database();
        budgets = store::make_pg_cloud_budgets(database->pool());
    }

    base::SystemClock clock;
    std::unique_ptr<support::TestDatabase> database;
    std::unique_ptr<ports::CloudBudgets> budgets;
};

/// So slow that nothing refills while a test runs.
core::BudgetPolicy slow(long requests) {
    return {.limits = {{.shape = core::RequestLimit::Shape::bucket,
                        .requests = requests,
                        .window = std::chrono::hours(100'000)}},
            .creates_at_once = 3};
}

}  // namespace

TEST_CASE("processes that share a project share its budget, and none is granted twice") {
    BudgetsUnderTest under(backends());
    std::atomic<int> granted = 0;
    {
        std::vector<std::jthread> processes;
        for (int i = 0; i < 4; ++i) {
            processes.emplace_back([&] {
                for (int n = 0; n < 20; ++n) {
                    const auto grant = under.budgets->take("hetzner", slow(50),
                                                           {.urgency = core::Urgency::removal});
                    if (grant && grant->granted) ++granted;
                }
            });
        }
    }
    CHECK(granted == 50);
    const auto view = under.budgets->view("hetzner", slow(50)).value();
    CHECK(view.left == std::vector<long>{0});
    CHECK(view.state.granted[0] == 50);
    CHECK(view.state.delayed[0] == 30);
    CHECK(under.budgets->view("digitalocean", slow(50)).value().left == std::vector<long>{50});
}

TEST_CASE("what an answer says of the budget is kept for all") {
    BudgetsUnderTest under(backends());
    const auto policy = slow(1'000);
    const core::BudgetAsk create{.urgency = core::Urgency::creation, .creates = true};
    const auto first = under.budgets->take("hetzner", policy, create).value();
    REQUIRE(first.granted);
    CHECK(first.left == 999);
    CHECK(first.limit == 1'000);
    REQUIRE(under.budgets->take("hetzner", policy, create).value().granted);
    REQUIRE(under.budgets->take("hetzner", policy, create).value().granted);
    CHECK_FALSE(under.budgets->take("hetzner", policy, create).value().granted);
    REQUIRE(under.budgets->report("hetzner", policy,
                                  {.create = first.create, .limit = 1'000, .remaining = 500}));
    const auto next = under.budgets->take("hetzner", policy, create).value();
    REQUIRE(next.granted);
    CHECK(next.left == 499);
    REQUIRE(under.budgets->report("hetzner", policy, {.refused = true}));
    const auto refused =
        under.budgets->take("hetzner", policy, {.urgency = core::Urgency::removal}).value();
    CHECK_FALSE(refused.granted);
    CHECK(refused.wait.count() > 0);
    CHECK(refused.wait <= std::chrono::seconds(1));
    CHECK_FALSE(refused.why.empty());
}

}  // namespace hatchery::contract
