#include <fmt/format.h>
#include <signal.h>

#include "e2e/crash_matrix/crash_matrix.hpp"
#include "support/catch.hpp"

// Two processes on one database: one stands still in the middle of a step for longer than its
// lease, the other goes on, and then the first wakes and finishes what is no longer its own.
namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using e2e::CrashMatrix;
using e2e::skip_without_hosts;

}  // namespace

TEST_CASE(
    "a server made by a process that was frozen until nobody wanted it any more is destroyed") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("frozen for a life",
                       {{"HATCHERY_LEASE_SECONDS", "2"}, {"HATCHERY_STRAY_GRACE_SECONDS", "3"}});
    const auto bot = matrix.make_bot("Short-lived bot");
    const auto deploy = matrix.begin(bot, OperationKind::deploy);
    const auto frozen = matrix.frozen_at("worker", "frozen.log",
                                         "provision_server/cloud.create_server:before", 30s);
    matrix.run_to_end(deploy, 60s);
    matrix.run_to_end(matrix.begin(bot, OperationKind::destroy), 30s);
    matrix.check_no_server();
    // The name is free again, so that the create which it wakes up with is obeyed. Its other
    // threads must not notice first that the lease is gone: they would cut the call.
    {
        const auto renewals = matrix.world().database().open_dedicated().value();
        renewals->script("BEGIN; LOCK TABLE jobs");
        frozen->signal(SIGCONT);
        matrix.wait_stray();
    }
    matrix.wait_said("frozen.log", "event=stale_result_dropped", 1);
    matrix.wait_said("frozen.log", "event=stray_server_destroyed", 1);
    REQUIRE(frozen->terminate(10s) == 0);
    matrix.check_no_server();
}

TEST_CASE("the result of a process that was frozen past its lease is thrown away") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("frozen", {{"HATCHERY_LEASE_SECONDS", "2"}});
    std::vector<std::string> points{
        // Wakes and asks for a server that the other has made.
        "provision_server/cloud.create_server:before",
        // Wakes with lines that the other has written.
        "deploy_openclaw/jobs.record:before",
        "start_bot/jobs.apply(succeeded):before",
    };
    if (e2e::take_all()) {
        // Wakes with the answer of a server that the other has adopted.
        points.emplace_back("provision_server/cloud.create_server:after");
        points.emplace_back("provision_server/hosts.exec(activate):before");
        points.emplace_back("install_dependencies/hosts.start_run(install-dependencies):before");
        points.emplace_back("configure_bot/hosts.put_file(openclaw.json):before");
    }
    int round = 0;
    for (const auto& point : points) {
        INFO(point);
        const auto bot = matrix.make_bot(fmt::format("Frozen bot {}", ++round));
        const auto operation = matrix.begin(bot, OperationKind::deploy);
        const auto frozen_log = fmt::format("frozen-{}.log", round);
        const auto frozen = matrix.frozen_at("worker", frozen_log, point, 30s);
        matrix.run_to_end(operation, 60s);
        REQUIRE(matrix.state_of(operation) == "succeeded");
        frozen->signal(SIGCONT);
        matrix.wait_said(frozen_log, "event=stale_result_dropped", 1);
        matrix.check_active(bot);
        REQUIRE(frozen->terminate(10s) == 0);
        matrix.run_to_end(matrix.begin(bot, OperationKind::destroy), 30s);
        matrix.check(bot);
        matrix.check_no_server();
    }
}
