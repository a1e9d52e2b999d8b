#include "core/pace.hpp"

#include "support/catch.hpp"

namespace hatchery::core {

using namespace std::chrono_literals;

TEST_CASE("runs that begin on time look again as soon as they want to") {
    CHECK(stretch(0ms) == 0ms);
    CHECK(stretch(-3s) == 0ms);
    CHECK(stretch(punctual) == 0ms);
}

TEST_CASE("the later runs begin, the less often they look, within a bound") {
    CHECK(stretch(60ms) == 200ms);
    CHECK(stretch(150ms) == 2s);
    CHECK(stretch(300ms) == longest_stretch);
    CHECK(stretch(24h * 365) == longest_stretch);
}

}  // namespace hatchery::core
