#include "core/usual_duration.hpp"

#include "support/catch.hpp"

using namespace std::chrono_literals;
using hatchery::core::UsualDuration;

TEST_CASE("what runs usually take is not told before four are known") {
    UsualDuration usual(16ms);
    for (int i = 0; i < 3; ++i) usual.note(10us);
    REQUIRE_FALSE(usual.value());
    usual.note(10us);
    REQUIRE(usual.value() == 10us);
}

TEST_CASE("one run that the machine interrupted changes little, and long ones are heard at once") {
    UsualDuration usual(16ms);
    for (int i = 0; i < 100; ++i) usual.note(10us);
    usual.note(5s);
    REQUIRE(*usual.value() < 1100us);
    usual.note(5s);
    usual.note(5s);
    REQUIRE(*usual.value() > 2ms);
}

TEST_CASE("the first runs count alike") {
    UsualDuration usual(16ms);
    for (const auto run : {1ms, 2ms, 3ms, 6ms}) usual.note(run);
    REQUIRE(usual.value() == 3ms);
}
