#include "sandbox/hetzner/label_selector.hpp"

#include "support/catch.hpp"

using hatchery::sandbox::Labels;
using hatchery::sandbox::LabelSelector;

namespace {

const Labels kLabels{
    {"env", "prod"}, {"owner", "hatchery"}, {"example.com/tier", "1"}, {"bare", ""}};

bool selects(const std::string& text) {
    const auto selector = LabelSelector::parse(text);
    INFO(text);
    REQUIRE(selector);
    return selector->matches(kLabels);
}

}  // namespace

TEST_CASE("a label selector asks for a key's presence, absence, value and membership") {
    CHECK(selects(""));
    CHECK(selects("env"));
    CHECK(selects("bare"));
    CHECK_FALSE(selects("missing"));
    CHECK(selects("!missing"));
    CHECK_FALSE(selects("!env"));
    CHECK(selects("env=prod"));
    CHECK(selects("env==prod"));
    CHECK_FALSE(selects("env=test"));
    CHECK(selects("bare="));
    CHECK(selects("env!=test"));
    CHECK_FALSE(selects("env!=prod"));
    CHECK(selects("missing!=anything"));
    CHECK(selects("env in (test,prod)"));
    CHECK_FALSE(selects("env in (test, staging)"));
    CHECK_FALSE(selects("missing in (a)"));
    CHECK(selects("env notin (test,staging)"));
    CHECK_FALSE(selects("env notin (prod)"));
    CHECK(selects("missing notin (a)"));
    CHECK(selects("example.com/tier=1"));
}

TEST_CASE("a comma in a label selector means and") {
    CHECK(selects("env=prod,owner=hatchery"));
    CHECK(selects(" env in (prod,test) , !missing , owner "));
    CHECK_FALSE(selects("env=prod,owner=somebody"));
}

TEST_CASE("what is not a label selector is refused") {
    for (const char* text :
         {",",        "env,",      "=v",        "env=a=b",      "env===a",    "env in",
          "env in (", "env in (a", "env in a)", "env in ((a))", "env of (a)", "e nv",
          "!",        "!!env",     "env!",      "-env",         "env=-x",     "hetzner.cloud/x",
          "env)",     "a b (c)"}) {
        INFO(text);
        CHECK_FALSE(LabelSelector::parse(text));
    }
}
