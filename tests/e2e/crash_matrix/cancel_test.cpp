#include <fmt/format.h>
#include <signal.h>

#include <iostream>

#include "e2e/crash_matrix/crash_matrix.hpp"
#include "support/catch.hpp"

// Cancel works in every state and leaves nothing at the provider.
namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using e2e::CrashMatrix;
using e2e::skip_without_hosts;
using e2e::take_all;

void check_cancelled(CrashMatrix& matrix, const CrashMatrix::Bot& bot,
                     const std::string& operation) {
    REQUIRE(matrix.state_of(operation) == "cancelled");
    REQUIRE(matrix.text("SELECT status FROM bots WHERE id = '" + bot.id + "'") == "stopped");
    matrix.check(bot);
    matrix.check_no_server();
    REQUIRE(matrix.number("SELECT count(*) FROM sealed_secrets WHERE owner = 'server'") == 0);
}

/// Points of a deploy after which the world is as different as it gets.
const std::vector<std::string> places{
    "provision_server/fleet.plan_server:after",
    // Nobody has the answer: the teardown has to find the machine by its name.
    "provision_server/cloud.create_server:after",
    "provision_server/hosts.exec(activate):after",
    "install_dependencies/hosts.start_run(install-dependencies):after",
    "deploy_openclaw/hosts.upload:after",
    "configure_bot/hosts.put_file(env):after",
    "start_bot/hosts.start_run(start-bot):after",
    "start_bot/jobs.apply(succeeded):before",
};

}  // namespace

TEST_CASE("a deploy cancelled at any of its steps is torn down, killed at every port call") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("cancel walk");
    const auto bot = matrix.make_bot("Cancelled bot");
    for (const auto& place : places) {
        INFO(place);
        const auto operation = matrix.begin(bot, OperationKind::deploy);
        REQUIRE(matrix.die_at(operation, place, 60s));
        matrix.note_secrets(bot);
        matrix.request_cancel(operation);
        // The steps of a teardown are the same ones wherever it began.
        if (take_all() || place == places[1]) {
            const auto walk = matrix.walk(operation, 60s);
            std::cout << fmt::format("cancel at {}: died at {} points in {:.1f} s\n", place,
                                     walk.deaths, static_cast<double>(walk.time.count()) / 1000);
            REQUIRE(walk.deaths >= 10);
        } else {
            matrix.run_to_end(operation, 30s);
        }
        check_cancelled(matrix, bot, operation);
    }
}

TEST_CASE("a cancel before the first claim makes nothing") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("cancel pending");
    const auto bot = matrix.make_bot("Pending bot");
    const auto operation = matrix.begin(bot, OperationKind::deploy);
    matrix.request_cancel(operation);
    matrix.run_to_end(operation, 20s);
    check_cancelled(matrix, bot, operation);
    REQUIRE(matrix.number("SELECT count(*) FROM servers") == 0);
}

TEST_CASE("a cancel cuts a step that hangs on a server which does not answer") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("cancel hanging");
    const auto bot = matrix.make_bot("Hanging bot");
    for (const std::string point :
         {"install_dependencies/hosts.read_run(install-dependencies):before#2",
          "deploy_openclaw/hosts.upload:before", "configure_bot/hosts.put_file(env):before",
          "start_bot/hosts.open_tunnel(18789):before"}) {
        INFO(point);
        const auto operation = matrix.begin(bot, OperationKind::deploy);
        const auto process = matrix.frozen_at("worker", "hatchery.log", point, 60s);
        matrix.on_host(bot, "freeze");
        process->signal(SIGCONT);
        // The step is on its way into a call that nobody answers, and that may take half a minute.
        matrix.request_cancel(operation);
        const auto asked = std::chrono::steady_clock::now();
        matrix.wait_end(operation, 20s);
        const auto took = std::chrono::steady_clock::now() - asked;
        std::cout << fmt::format("cancelled at {} within {:.1f} s\n", point,
                                 std::chrono::duration<double>(took).count());
        REQUIRE(took < 8s);
        check_cancelled(matrix, bot, operation);
    }
}

TEST_CASE("a cancel of what waits for a boot that never ends is done at once") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("cancel waiting");
    auto& world = matrix.world();
    const auto bot = matrix.make_bot("Waiting bot");
    REQUIRE(world.cloud().put("/sandbox/faults", {{"stuckInitializing", 1}}).status == 200);
    const auto operation = matrix.begin(bot, OperationKind::deploy);
    world.start_hatchery();
    matrix.wait_for("SELECT count(*) FROM jobs WHERE state = 'waiting'", 30s);
    const auto asked = world.api().post("/api/deploy/" + bot.id + "/cancel", {});
    REQUIRE(asked.status == 202);
    matrix.wait_end(operation, 15s);
    // What has ended cannot be cancelled, and says so.
    REQUIRE(world.api().post("/api/deploy/" + bot.id + "/cancel", {}).status == 409);
    world.stop_hatchery();
    check_cancelled(matrix, bot, operation);
}

TEST_CASE("a cancelled stop, start or restart keeps the server and says what is unknown") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("cancel of what keeps its server");
    const auto bot = matrix.make_bot("Kept bot");
    matrix.run_to_end(matrix.begin(bot, OperationKind::deploy), 60s);
    for (const auto kind : {OperationKind::stop, OperationKind::start, OperationKind::restart,
                            OperationKind::reconfigure}) {
        INFO(base::to_text(kind));
        const auto operation = matrix.begin(bot, kind);
        const std::string step = kind == OperationKind::stop ? "stop_bot" : "configure_bot";
        REQUIRE(matrix.die_at(operation, step + "/fleet.server_of:before", 20s));
        matrix.request_cancel(operation);
        matrix.run_to_end(operation, 20s);
        REQUIRE(matrix.state_of(operation) == "cancelled");
        REQUIRE(matrix.text("SELECT condition FROM bots") == "degraded");
        matrix.check(bot);
    }
    // It is not lost by any of that.
    matrix.run_to_end(matrix.begin(bot, OperationKind::restart), 60s);
    matrix.check_active(bot);
}
