#include <algorithm>

#include "config/load.hpp"
#include "config/read_plans.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::config;
using core::PlanName;

namespace {

Loaded load_with(Variables changes) {
    changes.merge(Variables{{"DATABASE_URL", "postgresql://hatchery:pw@db/hatchery"},
                            {"HATCHERY_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
                            {"HATCHERY_PUBLIC_URL", "https://bots.example.com/"},
                            {"HATCHERY_TRUSTED_PROXIES", "127.0.0.1"},
                            {"HETZNER_API_TOKEN", "hz-token"}});
    return load(changes, {}, Need::service);
}

std::string said_of(const std::vector<Problem>& problems, const std::string& name) {
    const auto found = std::ranges::find(problems, name, &Problem::where);
    return found == problems.end() ? "" : found->message;
}

}  // namespace

TEST_CASE("without settings there are the usual plans with the installation's own places") {
    const Loaded loaded = load_with({{"HATCHERY_DEFAULT_SERVER_TYPE", "cax11"}});
    CHECK(loaded.problems.empty());
    CHECK(loaded.warnings.empty());
    const auto& billing = loaded.config.billing;
    CHECK(billing.default_plan == PlanName::enterprise);
    CHECK(billing.plans.at(PlanName::starter).bots == 1);
    CHECK(billing.plans.at(PlanName::starter).server_types == std::vector<std::string>{"cax11"});
    CHECK(billing.plans.at(PlanName::starter).regions == std::vector<std::string>{"fsn1"});
    CHECK(billing.plans.at(PlanName::starter).logs_kept == std::chrono::days(7));
    const auto& pro = billing.plans.at(PlanName::pro).server_types;
    CHECK(std::ranges::count(pro, "cax11") == 1);
    CHECK(std::ranges::count(pro, "default") == 0);
    CHECK(billing.plans.at(PlanName::enterprise).server_types.empty());
    CHECK(billing.policy.grace == std::chrono::days(3));
    CHECK(billing.policy.retention == std::chrono::days(30));
    CHECK(loaded.config.billing_secrets.empty());
}

TEST_CASE("a plan's limits may be set one by one") {
    const Loaded loaded = load_with(
        {{"HATCHERY_PLANS",
          R"({"starter": {"bots": 2, "serverTypes": ["default", "cx33"], "regions": "all"},
              "pro": {"logDays": 90, "backups": 0}})"},
         {"HATCHERY_DEFAULT_PLAN", "none"},
         {"HATCHERY_BILLING_GRACE_SECONDS", "0"},
         {"HATCHERY_BILLING_WEBHOOK_SECRET",
          "0123456789abcdef0123456789abcdef,fedcba9876543210fedcba9876543210"}});
    CHECK(loaded.problems.empty());
    const auto& billing = loaded.config.billing;
    const auto& starter = billing.plans.at(PlanName::starter);
    CHECK(starter.bots == 2);
    CHECK(starter.server_types == std::vector<std::string>{"cx23", "cx33"});
    CHECK(starter.regions.empty());
    CHECK(starter.backups == 1);
    CHECK(billing.plans.at(PlanName::pro).logs_kept == std::chrono::days(90));
    CHECK(billing.plans.at(PlanName::pro).backups == 0);
    CHECK(billing.plans.at(PlanName::pro).bots == 5);
    CHECK_FALSE(billing.default_plan);
    CHECK(billing.policy.grace == std::chrono::seconds(0));
    CHECK(loaded.config.billing_secrets.size() == 2);
    CHECK(loaded.warnings.empty());
}

TEST_CASE("everything that is wrong with the plans is said at once") {
    struct Case {
        const char* text;
        std::vector<std::string> said;
    };
    const auto test = GENERATE(values<Case>({
        {"[]", {"must be a JSON object such as"}},
        {"{", {"must be a JSON object such as"}},
        {R"({"gold": {}})", {"none of starter, pro and enterprise"}},
        {R"({"starter": 3})", {"starter must be an object of limits"}},
        {R"({"starter": {"bots": -1}, "pro": {"bots": "5"}})",
         {"starter.bots must be a whole number from 0 to 100000",
          "pro.bots must be a whole number from 0 to 100000"}},
        {R"({"starter": {"bots": 1.5}})", {"starter.bots must be a whole number"}},
        {R"({"starter": {"logDays": 0}})", {"starter.logDays must be a whole number from 1 to"}},
        {R"({"pro": {"backups": null}})", {"pro.backups must be a whole number"}},
        {R"({"pro": {"regions": []}})", {"pro.regions must be \"all\" or a list of names"}},
        {R"({"pro": {"regions": "fsn1"}})", {"pro.regions must be \"all\" or a list of names"}},
        {R"({"pro": {"serverTypes": ["cx23", 5]}})", {"pro.serverTypes must be \"all\""}},
        {R"({"pro": {"serverTypes": ["CX 23"]}})", {"pro.serverTypes must be \"all\""}},
        {R"({"pro": {"server_types": "all"}})", {"pro.server_types is no limit; there are bots"}},
    }));
    CAPTURE(test.text);
    core::Plans plans = core::usual_plans();
    const auto wrong = read_plans(test.text, plans);
    REQUIRE(wrong);
    for (const auto& part : test.said) {
        CAPTURE(*wrong, part);
        CHECK(wrong->find(part) != std::string::npos);
    }
    CHECK(said_of(load_with({{"HATCHERY_PLANS", test.text}}).problems, "HATCHERY_PLANS") == *wrong);
}

TEST_CASE("wrong settings of the billing are said with what would be right") {
    CHECK(said_of(load_with({{"HATCHERY_DEFAULT_PLAN", "gold"}}).problems,
                  "HATCHERY_DEFAULT_PLAN") == "must be starter, pro, enterprise or none");
    CHECK(said_of(load_with({{"HATCHERY_BILLING_GRACE_SECONDS", "-1"}}).problems,
                  "HATCHERY_BILLING_GRACE_SECONDS")
              .starts_with("must be a whole number from 0"));
    const auto secret = said_of(load_with({{"HATCHERY_BILLING_WEBHOOK_SECRET", "short"}}).problems,
                                "HATCHERY_BILLING_WEBHOOK_SECRET");
    CHECK(secret.find("openssl rand -hex 32") != std::string::npos);
    CHECK(secret.find("short") == std::string::npos);
}

TEST_CASE("what is hardly meant is warned of") {
    const auto billing = load_with({{"HATCHERY_BILLING_WEBHOOK_SECRET", std::string(32, 'x')}});
    CHECK(billing.problems.empty());
    CHECK(said_of(billing.warnings, "HATCHERY_DEFAULT_PLAN").find("enterprise") !=
          std::string::npos);
    const auto places = load_with({{"HATCHERY_PLANS", R"({"pro": {"serverTypes": ["cx99"]}})"}});
    CHECK(said_of(places.warnings, "HATCHERY_PLANS")
              .starts_with("pro.serverTypes leaves out this installation's default, cx23"));
}
