#include "core/claim_pace.hpp"

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using core::Claimed;
using core::ClaimPace;

namespace {

constexpr base::TimePoint start{std::chrono::hours(24 * 20'000)};
constexpr base::Milliseconds longest{1'000};

/// Claims of a dispatcher within this time, each of which takes nothing although a job is due.
int claims_in(base::Milliseconds time) {
    ClaimPace pace;
    int claims = 0;
    for (auto now = start; now < start + time; ++claims) {
        now += pace.rest(Claimed::nothing, start - 1h, now, longest);
    }
    return claims;
}

}  // namespace

TEST_CASE("a dispatcher sleeps until the next job is due, but no longer than it sleeps idly") {
    ClaimPace pace;
    CHECK(pace.rest(Claimed::nothing, std::nullopt, start, longest) == longest);
    CHECK(pace.rest(Claimed::some, start + 5s, start, longest) == longest);
    CHECK(pace.rest(Claimed::some, start + 300ms, start, longest) == 300ms);
    CHECK(pace.rest(Claimed::some, start + 10us, start, longest) == 1ms);
}

TEST_CASE("a due job that no claim takes is asked for ten times in a second, then once a second") {
    CHECK(claims_in(1s) == 10);
    CHECK(claims_in(61s) <= 71);
}

TEST_CASE("after a claim that took something a dispatcher looks again at once") {
    ClaimPace pace;
    for (int i = 0; i < 20; ++i) (void)pace.rest(Claimed::nothing, start, start, longest);
    CHECK(pace.rest(Claimed::nothing, start, start, longest) == longest);
    CHECK(pace.rest(Claimed::some, start, start, longest) == 1ms);
    CHECK(pace.rest(Claimed::nothing, start, start, longest) == 2ms);
}

TEST_CASE("a job that is due later shows that the claim took what there was") {
    ClaimPace pace;
    for (int i = 0; i < 20; ++i) (void)pace.rest(Claimed::nothing, start, start, longest);
    CHECK(pace.rest(Claimed::nothing, start + 50ms, start, longest) == 50ms);
    CHECK(pace.rest(Claimed::nothing, start, start + 50ms, longest) == 1ms);
}
