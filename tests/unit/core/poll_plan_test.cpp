#include "core/poll_plan.hpp"

#include <vector>

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

namespace {
const base::TimePoint start{std::chrono::hours(24 * 20'000)};
}

TEST_CASE("nobody waits, nobody asks") { REQUIRE_FALSE(core::next_look({}, std::nullopt, start)); }

TEST_CASE("the first look comes when a server can be up, not before") {
    const std::vector booting{start, start + 3s};
    REQUIRE(core::next_look(booting, std::nullopt, start + 4s) == start + 8s);
}

TEST_CASE("a look long ago does not bring the first look at a new server forward") {
    const std::vector booting{start};
    REQUIRE(core::next_look(booting, start - 1h, start) == start + 8s);
}

TEST_CASE("one list every few seconds serves all, and late servers are asked for more slowly") {
    const std::vector booting{start, start + 1s};
    REQUIRE(core::next_look(booting, start + 20s, start + 21s) == start + 25s);
    REQUIRE(core::next_look(booting, start + 200s, start + 201s) == start + 215s);
}

TEST_CASE("twenty servers that boot in half a minute cost at most six lists") {
    const std::vector<base::TimePoint> booting(20, start);
    std::optional<base::TimePoint> last;
    int looks = 0;
    for (auto now = start; now < start + 30s;) {
        const auto next = core::next_look(booting, last, now);
        REQUIRE(next);
        now = std::max(now, *next);
        if (now >= start + 30s) break;
        last = now;
        ++looks;
    }
    REQUIRE(looks <= 6);
}
