#include <fmt/format.h>
#include <signal.h>

#include <fstream>
#include <iostream>

#include "e2e/crash_matrix/crash_matrix.hpp"
#include "store/sql.hpp"
#include "support/catch.hpp"

// The database goes away in the middle of an operation and comes back: one process, never
// restarted, goes on, and nothing is lost or done twice.
namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using e2e::CrashMatrix;
using e2e::skip_without_hosts;
using std::chrono::steady_clock;
using support::PgCluster;

/// Of a cluster that crashes on purpose, what was committed must stay.
void make_durable(const PgCluster& cluster) {
    store::Database administration({.url = cluster.url_of("postgres"), .pool_size = 1});
    REQUIRE(administration.run([](store::Sql& sql) -> base::Result<void> {
        sql.script("ALTER SYSTEM SET synchronous_commit = on");
        (void)sql.query("SELECT pg_reload_conf()");
        return {};
    }));
}

long long lines(const std::filesystem::path& path) {
    std::ifstream file(path);
    long long count = 0;
    for (std::string line; std::getline(file, line);) ++count;
    return count;
}

}  // namespace

TEST_CASE(
    "a database that is restarted, crashes or is away for a while loses and repeats nothing") {
    if (skip_without_hosts()) return;
    const auto cluster = PgCluster::make_private();
    make_durable(*cluster);
    CrashMatrix matrix("database restarted", {}, cluster.get());
    struct Outage {
        std::string point;
        PgCluster::Stop how;
        /// It is away until this many claims have failed.
        int claims_missed;
    };
    std::vector<Outage> outages{
        {"provision_server/cloud.create_server:after", PgCluster::Stop::fast, 3},
        {"deploy_openclaw/jobs.record:after", PgCluster::Stop::immediate, 0},
        {"start_bot/jobs.apply(succeeded):before", PgCluster::Stop::immediate, 0},
    };
    if (e2e::take_all()) {
        for (const auto& more : std::vector<Outage>{
                 {"provision_server/cloud.create_server:before", PgCluster::Stop::immediate, 1},
                 {"install_dependencies/jobs.record:before", PgCluster::Stop::fast, 0},
                 {"configure_bot/jobs.apply(succeeded,start_bot):before",
                  PgCluster::Stop::immediate, 3},
                 {"start_bot/jobs.apply(succeeded):after", PgCluster::Stop::fast, 0}}) {
            outages.push_back(more);
        }
    }
    int round = 0;
    for (const auto& outage : outages) {
        INFO(outage.point);
        const auto bot = matrix.make_bot(fmt::format("Bot of outage {}", ++round));
        const auto operation = matrix.begin(bot, OperationKind::deploy);
        const auto process = matrix.frozen_at("serve", "hatchery.log", outage.point, 60s);
        const int said = matrix.count_said("hatchery.log", "event=claim_failed");
        cluster->stop(outage.how);
        process->signal(SIGCONT);
        matrix.wait_said("hatchery.log", "event=claim_failed", said + outage.claims_missed);
        cluster->start();
        const auto back = steady_clock::now();
        matrix.wait_end(operation, 90s);
        std::cout << fmt::format("{}: ended {:.1f} s after the database was back\n", outage.point,
                                 std::chrono::duration<double>(steady_clock::now() - back).count());
        REQUIRE(matrix.state_of(operation) == "succeeded");
        REQUIRE(process->terminate(15s) == 0);
        matrix.check(bot);
    }
    REQUIRE(matrix.world().servers().size() == outages.size() + 2);
}

TEST_CASE("a deploy whose every connection is cut at every port call ends with one active bot") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("connections cut");
    const auto bot = matrix.make_bot("Cut bot");
    const auto operation = matrix.begin(bot, OperationKind::deploy);
    const auto once = matrix.world().folder() / "once-cut";
    const auto process = matrix.world().spawn(
        "serve", "hatchery.log",
        {{"HATCHERY_CRASH_ONCE", once.string()}, {"HATCHERY_CRASH_SIGNAL", "STOP"}});
    const auto begun = steady_clock::now();
    // A step that fails eight times is given up on purpose, and the time between its tries is no
    // matter of this test.
    const std::string no_backoff =
        "UPDATE jobs SET failures = 0, run_at = now() WHERE state = 'waiting' AND failures > 0";
    const std::string cut =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
        "datname = current_database() AND pid <> pg_backend_pid()";
    while (!matrix.ended(operation)) {
        REQUIRE(steady_clock::now() - begun < 150s);
        if (process->wait(10ms)) FAIL("the process ended");
        const bool frozen = process->frozen();
        (void)matrix.text(frozen ? cut : no_backoff);
        if (frozen) process->signal(SIGCONT);
    }
    std::cout << fmt::format("connections cut at {} points in {:.1f} s\n", lines(once),
                             std::chrono::duration<double>(steady_clock::now() - begun).count());
    REQUIRE(lines(once) >= 80);
    process->signal(SIGCONT);
    process->kill();
    REQUIRE(matrix.state_of(operation) == "succeeded");
    matrix.check_active(bot);
}
