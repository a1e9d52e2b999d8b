#include "base/clock.hpp"

#include "support/catch.hpp"

using namespace hatchery::base;
using namespace std::chrono_literals;

TEST_CASE("a time that is written is read back") {
    const TimePoint time{std::chrono::milliseconds(1'763'704'512'042)};
    REQUIRE(format_time(time) == "2025-11-21T05:55:12.042Z");
    REQUIRE(parse_time(format_time(time)) == time);
}

TEST_CASE("offsets and fractions are understood") {
    REQUIRE(parse_time("2025-11-21T05:55:12Z") == parse_time("2025-11-21T06:55:12+01:00"));
    REQUIRE(parse_time("2025-11-21 05:55:12.5+00") == parse_time("2025-11-21T05:55:12.500Z"));
}

TEST_CASE("what is no time is nothing") {
    for (const char* text :
         {"", "now", "2025-13-01T00:00:00Z", "2025-02-30T00:00:00Z", "2025-11-21T24:00:00Z",
          "2025-11-21T05:55:12", "2025-11-21T05:55:12Zx", "2025-11-21T05:55"}) {
        INFO(text);
        REQUIRE_FALSE(parse_time(text));
    }
}

TEST_CASE("durations are shown with their units") {
    REQUIRE(format_duration(850ms) == "850 ms");
    REQUIRE(format_duration(4'200ms) == "4.2 s");
    REQUIRE(format_duration(185s) == "3 min 5 s");
    REQUIRE(format_duration(130min) == "2 h 10 min");
}
