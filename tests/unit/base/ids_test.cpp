#include "base/ids.hpp"

#include <set>

#include "support/catch.hpp"

using namespace hatchery::base;
using namespace std::chrono_literals;

TEST_CASE("made ids are UUIDs of version 7, ordered by time and never the same") {
    SystemRandom random;
    const TimePoint time{std::chrono::milliseconds(1'763'704'512'042)};
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto text = make_uuid_v7(time + std::chrono::milliseconds(i), random);
        REQUIRE(is_uuid(text));
        REQUIRE(text[14] == '7');
        REQUIRE(std::string("89ab").find(text[19]) != std::string::npos);
        if (!seen.empty()) REQUIRE(*seen.rbegin() < text);
        seen.insert(text);
    }
    REQUIRE(seen.size() == 1000);
}

TEST_CASE("what is not a UUID is recognised") {
    REQUIRE(is_uuid("0192D3A0-0000-7000-8000-00000000000f"));
    for (const char* text :
         {"", "x", "0192d3a0-0000-7000-8000-00000000000", "' or 1=1 --",
          "0192d3a0x0000-7000-8000-00000000000f", "g192d3a0-0000-7000-8000-00000000000f"}) {
        REQUIRE_FALSE(is_uuid(text));
    }
}

TEST_CASE("random texts have the length and letters that were asked for") {
    SystemRandom random;
    REQUIRE(random_hex(random, 16).size() == 32);
    REQUIRE(random_slug(random, 20).size() == 20);
    REQUIRE(random_token(random, 32).size() == 43);
    REQUIRE(random_token(random, 32) != random_token(random, 32));
}
