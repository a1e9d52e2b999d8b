#include "e2e/crash_matrix/crash_matrix.hpp"
#include "e2e/static/own_machine.hpp"
#include "support/catch.hpp"

// Processes die between what they write about a machine of the operator's own and what they do to
// it. At the end it has served its bot, and is clean and free.

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using e2e::CrashMatrix;
using e2e::skip_without_hosts;

/// What a wait until others may try would do, without the wait.
void end_holds(CrashMatrix& matrix) {
    const auto done = matrix.world().database().run([](store::Sql& sql) -> base::Result<void> {
        (void)sql.query(
            "UPDATE machine_allocations SET next_try_at = now() "
            "WHERE state <> 'in_use'");
        return {};
    });
    REQUIRE(done);
}

void die_at_each(CrashMatrix& matrix, const std::string& operation,
                 const std::vector<std::string>& points) {
    for (const auto& point : points) {
        INFO(point);
        REQUIRE(matrix.die_at(operation, point, 120s));
        end_holds(matrix);
    }
}

void deploy(CrashMatrix& matrix, const CrashMatrix::Bot& bot,
            const std::vector<std::string>& points) {
    const auto operation = matrix.begin(bot, OperationKind::deploy);
    die_at_each(matrix, operation, points);
    matrix.run_to_end(operation, 120s);
    REQUIRE(matrix.state_of(operation) == "succeeded");
    REQUIRE(matrix.number("SELECT count(*) FROM machine_allocations WHERE state = 'in_use'") == 1);
    REQUIRE(matrix.number("SELECT count(*) FROM machine_allocations") == 1);
    REQUIRE(matrix.number("SELECT count(*) FROM servers WHERE state <> 'deleted'") == 1);
}

void destroy(CrashMatrix& matrix, const CrashMatrix::Bot& bot,
             const std::vector<std::string>& points) {
    const auto operation = matrix.begin(bot, OperationKind::destroy);
    die_at_each(matrix, operation, points);
    matrix.run_to_end(operation, 120s);
    REQUIRE(matrix.state_of(operation) == "succeeded");
    REQUIRE(matrix.number("SELECT count(*) FROM machine_allocations") == 0);
    REQUIRE(matrix.number("SELECT count(*) FROM servers WHERE state <> 'deleted'") == 0);
}

}  // namespace

TEST_CASE("killed at each write about a machine, its lives are as if nobody had died") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("static crash");
    e2e::OwnMachine machine(matrix.world(), "tower-1");
    const auto keys_before = machine.authorized_keys();
    e2e::know(matrix.world(), {&machine});

    // The caretaker of the next process goes on with what the dead one lent out.
    const auto first = matrix.make_bot("First life");
    deploy(matrix, first,
           {"provision_server/allocations.allocate:before",
            "provision_server/allocations.allocate:after", "engine/allocations.prepared:before",
            "engine/allocations.prepared:after"});
    destroy(matrix, first,
            {"destroy_server/allocations.give_back:before",
             "destroy_server/allocations.give_back:after", "engine/allocations.begin_try:after",
             "engine/allocations.wiped:before", "engine/allocations.wiped:after"});
    machine.must_be_clean(keys_before);

    const auto second = matrix.make_bot("Second life");
    deploy(matrix, second, {"provision_server/allocations.prepared:before"});
    destroy(matrix, second, {});
    machine.must_be_clean(keys_before);
}
