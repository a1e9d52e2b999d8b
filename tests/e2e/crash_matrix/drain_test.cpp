#include <fmt/format.h>
#include <signal.h>

#include <iostream>

#include "e2e/crash_matrix/crash_matrix.hpp"
#include "store/sql.hpp"
#include "support/catch.hpp"

// A process that is asked to end, or just ends, holds nobody up.
namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using e2e::CrashMatrix;
using e2e::skip_without_hosts;
using std::chrono::steady_clock;

double seconds_since(steady_clock::time_point begun) {
    return std::chrono::duration<double>(steady_clock::now() - begun).count();
}

constexpr auto running = "SELECT count(*) FROM jobs WHERE state = 'running'";
constexpr auto counted = "SELECT coalesce(sum(failures + rescues), 0) FROM all_jobs";
/// For a failing test: what was counted, and what was said about it.
constexpr auto counted_jobs =
    "SELECT coalesce(string_agg(format('%s: %s failures, %s rescues; %s', j.step, failures,"
    " rescues, (SELECT string_agg(format('%s %s', e.at, e.message), E'\\n' ORDER BY seq)"
    "           FROM events e WHERE e.operation_id = j.operation_id)), E'\\n'), '')"
    " FROM all_jobs j WHERE failures + rescues > 0";

}  // namespace

TEST_CASE("a drain under load ends in time, gives every job back and counts no attempt") {
    if (skip_without_hosts()) return;
    // A lease so long that a job which is not given back would not go on within this test.
    CrashMatrix matrix("drain", {{"HATCHERY_LEASE_SECONDS", "600"}});
    auto& world = matrix.world();
    std::vector<CrashMatrix::Bot> bots;
    std::vector<std::string> operations;
    for (const std::string point :
         {"install_dependencies/hosts.start_run(install-dependencies):before",
          "deploy_openclaw/hosts.upload:before", "start_bot/hosts.open_tunnel(18789):before"}) {
        bots.push_back(matrix.make_bot(fmt::format("Drained bot {}", bots.size() + 1)));
        operations.push_back(matrix.begin(bots.back(), OperationKind::deploy));
        REQUIRE(matrix.die_at(operations.back(), point, 60s));
        // The step to come hangs in a call to a server that does not answer.
        matrix.on_host(bots.back(), "freeze");
        const auto held = matrix.world().database().run([](store::Sql& sql) -> base::Result<void> {
            (void)sql.query(
                "UPDATE jobs SET run_at = now() + interval '1 hour', state = 'waiting',"
                " in_line = false,"
                " lease_token = NULL, lease_until = NULL WHERE state = 'running'");
            return {};
        });
        REQUIRE(held);
    }
    // Two that have nothing in their way, and one that nobody has begun.
    for (int i = 0; i < 2; ++i) {
        bots.push_back(matrix.make_bot(fmt::format("Moving bot {}", i + 1)));
    }
    REQUIRE(world.database().run([](store::Sql& sql) -> base::Result<void> {
        (void)sql.query("UPDATE jobs SET run_at = now() WHERE state = 'waiting'");
        return {};
    }));
    world.start_hatchery();
    for (std::size_t i = 3; i < bots.size(); ++i) {
        operations.push_back(matrix.begin(bots[i], OperationKind::deploy));
    }
    matrix.wait_for(
        "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'running' HAVING "
        "count(*) >= 4) busy",
        20s);

    const auto asked = steady_clock::now();
    world.hatchery().signal(SIGTERM);
    const auto exit = world.hatchery().wait(15s);
    std::cout << fmt::format("drained in {:.1f} s\n", seconds_since(asked));
    REQUIRE(exit == 0);
    REQUIRE(seconds_since(asked) < 10.0);
    REQUIRE(matrix.number(running) == 0);
    INFO(matrix.text(counted_jobs));
    REQUIRE(matrix.number(counted) == 0);

    for (std::size_t i = 0; i < 3; ++i) matrix.on_host(bots[i], "thaw");
    world.start_hatchery();
    for (const auto& operation : operations) {
        matrix.wait_end(operation, 60s);
        REQUIRE(matrix.state_of(operation) == "succeeded");
    }
    INFO(matrix.text(counted_jobs));
    REQUIRE(matrix.number(counted) == 0);
    world.stop_hatchery();
    for (const auto& bot : bots) matrix.check(bot);
    REQUIRE(world.servers().size() == bots.size() + 2);
}

TEST_CASE("the jobs of a killed worker go on elsewhere within one lease time") {
    if (skip_without_hosts()) return;
    constexpr int lease_s = 6;
    CrashMatrix matrix("killed worker", {{"HATCHERY_LEASE_SECONDS", std::to_string(lease_s)}});
    const auto bot = matrix.make_bot("Bot of a killed worker");
    const auto operation = matrix.begin(bot, OperationKind::deploy);
    const auto dying = matrix.frozen_at("worker", "dying.log",
                                        "install_dependencies/jobs.apply(succeeded,"
                                        "deploy_openclaw):before",
                                        60s);
    matrix.world().start_hatchery();
    // Its lease is as fresh as can be.
    const auto died = steady_clock::now();
    dying->kill();
    matrix.wait_for("SELECT count(*) FROM all_jobs WHERE rescues = 1", 30s);
    const double noticed = seconds_since(died);
    std::cout << fmt::format("noticed after {:.1f} s\n", noticed);
    REQUIRE(noticed < lease_s);
    matrix.wait_end(operation, 60s);
    REQUIRE(matrix.state_of(operation) == "succeeded");
    matrix.world().stop_hatchery();
    matrix.check_active(bot);
}
