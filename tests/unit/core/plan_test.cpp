#include "core/plan.hpp"

#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::core;

TEST_CASE("a user may have as many bots as the plan says and no more") {
    struct Case {
        int limit;
        std::int64_t bots;
        bool one_more;
        bool deploys;
    };
    const auto test = GENERATE(values<Case>({
        {0, 0, false, true},
        {1, 0, true, true},
        {1, 1, false, true},
        {1, 2, false, false},
        {5, 4, true, true},
        {5, 5, false, true},
        {5, 9, false, false},
    }));
    CAPTURE(test.limit, test.bots);
    const Plan plan{.bots = test.limit};
    const auto refused = refuse_bot(PlanName::pro, plan, test.bots);
    CHECK(refused.has_value() != test.one_more);
    CHECK(refuse_deploy(PlanName::pro, plan, test.bots).has_value() != test.deploys);
    if (refused) {
        CHECK(refused->kind == base::ErrorKind::quota_exceeded);
        CHECK(refused->next_action == "Delete a bot, or take a larger plan.");
    }
}

TEST_CASE("a refusal names the plan, its limit and what there is") {
    const Plan plan{.bots = 1};
    CHECK(refuse_bot(PlanName::starter, plan, 1)->message ==
          "The plan starter has 1 bot, and you have 1.");
    const auto deploy = refuse_deploy(PlanName::starter, plan, 3);
    CHECK(deploy->message ==
          "The plan starter has 1 bot, and you have 3, so none gets a new server.");
    CHECK(deploy->next_action == "Delete 2 bots, or take a larger plan.");
}

TEST_CASE("server types and regions are those of the plan") {
    const Plan some{.server_types = {"cx23", "cx33"}, .regions = {"fsn1"}};
    CHECK_FALSE(check_server_type(PlanName::pro, some, "cx33"));
    CHECK(check_server_type(PlanName::pro, some, "cx99") ==
          "is no server type of the plan pro, which has cx23, cx33");
    CHECK_FALSE(check_region(PlanName::pro, some, "fsn1"));
    CHECK(check_region(PlanName::pro, some, "nbg1") ==
          "is no region of the plan pro, which has fsn1");
    CHECK_FALSE(check_server_type(PlanName::pro, Plan{}, "anything"));
    CHECK_FALSE(check_region(PlanName::pro, Plan{}, "anywhere"));
}

TEST_CASE("the word default becomes the installation's own place, once") {
    const Plans plans = with_default_places(usual_plans(), "nbg1", "cx23");
    CHECK(plans.at(PlanName::starter).regions == std::vector<std::string>{"nbg1"});
    CHECK(plans.at(PlanName::starter).server_types == std::vector<std::string>{"cx23"});
    const auto& pro = plans.at(PlanName::pro).server_types;
    CHECK(std::count(pro.begin(), pro.end(), "cx23") == 1);
    CHECK(plans.size() == base::EnumNames<PlanName>::names.size());
}
