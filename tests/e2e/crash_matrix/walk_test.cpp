#include <fmt/format.h>

#include <iostream>

#include "e2e/crash_matrix/crash_matrix.hpp"
#include "support/catch.hpp"

// One deployment is walked through every point of its operations, with a death at each: the next
// process starts from what the dead one left, half done as it may be.
namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using e2e::CrashMatrix;
using e2e::skip_without_hosts;

void tell(const char* what, const CrashMatrix::Walk& walk) {
    std::cout << fmt::format("{}: died at {} points in {:.1f} s\n", what, walk.deaths,
                             static_cast<double>(walk.time.count()) / 1000);
}

void walk_to(CrashMatrix& matrix, const CrashMatrix::Bot& bot, OperationKind kind, int least) {
    const std::string operation = matrix.begin(bot, kind);
    const auto walk = matrix.walk(operation, 300s);
    tell(std::string(base::to_text(kind)).c_str(), walk);
    REQUIRE(matrix.state_of(operation) == "succeeded");
    // An empty walk would prove nothing.
    REQUIRE(walk.deaths >= least);
}

}  // namespace

TEST_CASE("killed at every port call, deploy, stop, start and destroy end as they should") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("crash walk");
    const auto bot = matrix.make_bot("Walked bot");

    walk_to(matrix, bot, OperationKind::deploy, 100);
    matrix.note_secrets(bot);
    matrix.check_active(bot);

    walk_to(matrix, bot, OperationKind::stop, 15);
    matrix.check(bot);
    REQUIRE(matrix.text("SELECT status FROM bots") == "stopped");

    walk_to(matrix, bot, OperationKind::start, 35);
    matrix.check_active(bot);

    walk_to(matrix, bot, OperationKind::destroy, 15);
    matrix.check(bot);
    matrix.check_no_server();
    REQUIRE(matrix.number("SELECT count(*) FROM bots WHERE deleted_at IS NULL") == 0);
    REQUIRE(matrix.number("SELECT count(*) FROM sealed_secrets") == 0);
}
