#include <fmt/format.h>

#include <iostream>

#include "e2e/crash_matrix/crash_matrix.hpp"
#include "support/catch.hpp"

// Every kind of operation ends by its deadline from the configuration, with a cause.
namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using e2e::CrashMatrix;
using e2e::skip_without_hosts;

/// The shortest that the configuration takes.
constexpr int deadline_s = 10;

std::map<std::string, std::string> short_deadlines() {
    std::map<std::string, std::string> settings;
    for (const char* kind : {"STOP", "START", "RESTART", "RECONFIGURE", "DESTROY"}) {
        settings[fmt::format("HATCHERY_DEADLINE_{}_SECONDS", kind)] = std::to_string(deadline_s);
    }
    return settings;
}

std::string begin(const e2e::Answer& accepted) {
    INFO(base::dump_json(accepted.body));
    REQUIRE(accepted.status / 100 == 2);
    return base::json_string(accepted.body, "operationId");
}

void check_late(CrashMatrix& matrix, const std::string& operation, const std::string& what) {
    INFO(what);
    const std::string of = " FROM operations WHERE id = '" + operation + "'";
    REQUIRE(matrix.state_of(operation) == "failed");
    const auto message = matrix.text("SELECT error->>'message'" + of);
    INFO(message);
    if (what == "destroy") {
        // It is tried until there is no time for another try; the last one's answer is the cause.
        REQUIRE(matrix.text("SELECT error->>'kind'" + of) == "conflict");
        REQUIRE_THAT(message, Catch::Contains("locked"));
    } else {
        REQUIRE(matrix.text("SELECT error->>'kind'" + of) == "timeout");
        REQUIRE_THAT(message, Catch::Contains("The " + what + " did not end within"));
    }
    REQUIRE(!matrix.text("SELECT error->>'nextAction'" + of).empty());
    const auto late =
        std::stod(matrix.text("SELECT extract(epoch FROM finished_at - created_at)::text" + of));
    std::cout << fmt::format("{} failed after {:.1f} s\n", what, late);
    if (what != "destroy") REQUIRE(late >= deadline_s);
    REQUIRE(late < deadline_s + 6);
}

}  // namespace

TEST_CASE("stop, start, restart, reconfigure and destroy that hang fail at their deadline") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("deadlines", short_deadlines());
    auto& world = matrix.world();
    std::map<std::string, CrashMatrix::Bot> bots;
    for (const std::string kind : {"stop", "start", "restart", "reconfigure", "destroy"}) {
        bots[kind] = matrix.make_bot("Late bot to " + kind);
    }
    std::vector<std::string> deploys;
    for (const auto& [kind, bot] : bots) {
        deploys.push_back(matrix.begin(bot, core::OperationKind::deploy));
    }
    for (const auto& deploy : deploys) matrix.run_to_end(deploy, 120s);

    world.start_hatchery();
    for (const auto& [kind, bot] : bots) {
        if (kind != "destroy") matrix.on_host(bot, "freeze");
    }
    REQUIRE(world.cloud().put("/sandbox/faults", {{"deleteLocked", 1000}}).status == 200);
    std::map<std::string, std::string> operations;
    for (const auto& [kind, bot] : bots) {
        if (kind == "reconfigure") {
            operations[kind] =
                begin(world.api().put("/api/bots/" + bot.id, {{"model", "sandbox/sandbox-2"}}));
        } else if (kind == "destroy") {
            operations[kind] = begin(world.api().remove("/api/bots/" + bot.id));
        } else {
            operations[kind] = begin(world.api().post("/api/deploy/" + bot.id + "/" + kind, {}));
        }
    }
    for (const auto& [kind, operation] : operations) {
        matrix.wait_end(operation, 40s);
        check_late(matrix, operation, kind);
    }
    // What a destroy gave up the reaper goes on with.
    REQUIRE(world.cloud().put("/sandbox/faults", {{"deleteLocked", 0}}).status == 200);
    matrix.wait_for("SELECT count(*) FROM servers WHERE state = 'deleted' AND bot_id = '" +
                        bots["destroy"].id + "'",
                    40s);
    // The others keep their servers, and work again once these do.
    for (const auto& [kind, bot] : bots) {
        if (kind != "destroy") matrix.on_host(bot, "thaw");
    }
    const auto again = begin(world.api().post("/api/deploy/" + bots["stop"].id + "/restart", {}));
    matrix.wait_end(again, 30s);
    REQUIRE(matrix.state_of(again) == "succeeded");
    world.stop_hatchery();
    for (const auto& [kind, bot] : bots) matrix.check(bot);
}

TEST_CASE("a deploy that hangs fails at its deadline and is torn down") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("deploy deadline");
    auto& world = matrix.world();
    const auto bot = matrix.make_bot("Late bot");
    world.start_hatchery();
    REQUIRE(world.cloud().put("/sandbox/faults", {{"stuckInitializing", 1}}).status == 200);
    const auto operation = begin(world.api().post("/api/deploy", {{"botId", bot.id}}));
    matrix.wait_for("SELECT count(*) FROM servers WHERE state = 'booting'", 20s);
    // With so near a deadline from the beginning no server would be asked for.
    REQUIRE(matrix.text("UPDATE operations SET deadline_at = created_at + interval '10 seconds' "
                        "WHERE id = '" +
                        operation + "' RETURNING 'nearer'") == "nearer");
    matrix.wait_end(operation, 40s);
    check_late(matrix, operation, "deploy");
    REQUIRE(matrix.text("SELECT status FROM bots") == "failed");
    world.stop_hatchery();
    matrix.check(bot);
    matrix.check_no_server();
}
