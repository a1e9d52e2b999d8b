#include "base/steady_time.hpp"

#include "base/call.hpp"
#include "support/catch.hpp"

using namespace hatchery::base;
using namespace std::chrono_literals;

TEST_CASE("within a scope a call's deadline follows the scope's time") {
    SteadyTime now{1000s};
    const SteadyTimeScope scope([&] { return now; });
    const Call call = Call::within(90s);
    REQUIRE(call.left() == 90s);
    now += 89s;
    REQUIRE(!call.over());
    REQUIRE(call.at_most(30s).left() == 1s);
    now += 1s;
    REQUIRE(call.over());
}

TEST_CASE("scopes nest, and the machine's time comes back after them") {
    const auto before = steady_now();
    {
        const SteadyTimeScope outer([] { return SteadyTime{1s}; });
        {
            const SteadyTimeScope inner([] { return SteadyTime{2s}; });
            REQUIRE(steady_now() == SteadyTime{2s});
        }
        REQUIRE(steady_now() == SteadyTime{1s});
    }
    REQUIRE(steady_now() >= before);
}
