#include "sandbox/hetzner/rate_limit.hpp"

#include "support/catch.hpp"

using namespace std::chrono_literals;
using hatchery::sandbox::RateLimit;

TEST_CASE("a rate limit lets a burst through and refills evenly") {
    const RateLimit::Clock::time_point start{1'800'000'000s};
    RateLimit limit(3600, 2);
    CHECK(limit.take(start));
    CHECK(limit.take(start));
    CHECK_FALSE(limit.take(start));
    CHECK(limit.full_at(start) == 1'800'003'600);
    CHECK_FALSE(limit.take(start + 500ms));
    CHECK(limit.take(start + 1100ms));
    CHECK_FALSE(limit.take(start + 1200ms));
}

TEST_CASE("a rate limit never holds more than its size") {
    const RateLimit::Clock::time_point start{1'800'000'000s};
    RateLimit limit(2, 10);
    CHECK(limit.remaining() == 2);
    CHECK(limit.take(start));
    CHECK(limit.take(start + 24h));
    CHECK(limit.remaining() == 1);
}
