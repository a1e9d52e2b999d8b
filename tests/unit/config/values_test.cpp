#include "config/values.hpp"

#include "config/load.hpp"
#include "support/catch.hpp"

using namespace hatchery::config;

TEST_CASE("a list is its parts between commas without blanks around them") {
    using Parts = std::vector<std::string_view>;
    CHECK(comma_list("a") == Parts{"a"});
    CHECK(comma_list(" a , b c,d ") == Parts{"a", "b c", "d"});
    CHECK(comma_list("a,") == Parts{"a"});
    CHECK(comma_list("a, ") == Parts{"a"});
    CHECK(comma_list("a,,b") == Parts{"a", "", "b"});
    CHECK(comma_list(",a") == Parts{"", "a"});
    CHECK(comma_list(",") == Parts{""});
    CHECK(comma_list(" ") == Parts{""});
}

TEST_CASE("every list among the settings is read by the same rules") {
    struct Row {
        const char* name;
        const char* part;
        const char* other;
    };
    const Row rows[] = {
        {"HATCHERY_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
         "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="},
        {"HATCHERY_TRUSTED_PROXIES", "127.0.0.1", "10.0.0.0/8"},
        {"HATCHERY_MODEL_ALIASES", "a=b/c", "d=e/f"},
        {"HATCHERY_BILLING_WEBHOOK_SECRET", "0123456789abcdef", "fedcba9876543210"},
        {"HATCHERY_ADMIN_EMAILS", "ada@example.org", "bob@example.org"},
    };
    for (const Row& row : rows) {
        const auto problems = [&](const std::string& text) {
            return load({{row.name, text}}, {}, Need::nothing).problems.size();
        };
        const std::string part = row.part;
        const std::string other = row.other;
        CAPTURE(row.name);
        CHECK(problems(part) == 0);
        CHECK(problems(" " + part + " , " + other + " ,") == 0);
        CHECK(problems(part + ",," + other) == 1);
        CHECK(problems("," + part) == 1);
        CHECK(problems(" ") == 1);
        CHECK(problems(part + "," + part + " " + other) == 1);
    }
}

TEST_CASE("a number is read whole and within its bounds") {
    int value = 7;
    CHECK_FALSE(read_number("12", 0, 12, value));
    CHECK(value == 12);
    for (const char* wrong : {"13", "-1", "1.5", "1 ", " 1", "0x1", "9999999999999999999", "+1"}) {
        CAPTURE(wrong);
        CHECK(read_number(wrong, 0, 12, value) == "must be a whole number from 0 to 12");
    }
    CHECK(value == 12);
}

TEST_CASE("seconds become whatever unit the setting is kept in") {
    std::chrono::milliseconds kept{0};
    CHECK_FALSE(read_seconds("3", 1, 10, kept));
    CHECK(kept == std::chrono::milliseconds(3000));
}

TEST_CASE("a place or a ceiling of a provider that nobody knows is refused") {
    const auto problems = [](const char* name, const char* text) {
        return load({{name, text}}, {}, Need::nothing).problems.size();
    };
    CHECK(problems("HATCHERY_COST_CEILINGS", "hetzner=500,digitalocean=300.50") == 0);
    CHECK(problems("HATCHERY_COST_CEILINGS", "hetzer=500") == 1);
    CHECK(problems("HATCHERY_PLACES", "hetzner/nbg1/cx23") == 0);
    CHECK(problems("HATCHERY_PLACES", "hetzer/nbg1/cx23") == 1);
}
