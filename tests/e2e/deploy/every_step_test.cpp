#include <filesystem>
#include <fstream>
#include <set>

#include "core/script_fact.hpp"
#include "e2e/support/world.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using base::json_string;
using e2e::skip_without_hosts;
using e2e::World;

bool step_runs(const base::Json& status, const std::string& kind) {
    for (const auto& step : base::json_member(base::json_member(status, "operation"), "steps")) {
        const auto state = json_string(step, "state");
        if (json_string(step, "kind") == kind) return state == "running" || state == "waiting";
    }
    return false;
}

bool step_done(const base::Json& status, const std::string& kind) {
    for (const auto& step : base::json_member(base::json_member(status, "operation"), "steps")) {
        if (json_string(step, "kind") == kind) return json_string(step, "state") == "succeeded";
    }
    return false;
}

/// What the scripts printed, as the runs' own logs on the server hold it: `STREAM TIME TEXT`.
std::multiset<std::string> lines_on_server(const World& world) {
    const auto runs = world.cloud().get("/sandbox/hosts");
    std::multiset<std::string> lines;
    for (const auto& host : base::json_member(runs.body, "hosts")) {
        const std::filesystem::path root = json_string(host, "upperDir");
        for (const auto& entry :
             std::filesystem::directory_iterator(root / "var/lib/hatchery/runs")) {
            std::ifstream log(entry.path() / "log");
            for (std::string line; std::getline(log, line);) {
                const auto text = line.substr(line.find(' ', 2) + 1);
                // Results for Hatchery are no lines of the story.
                if (!core::is_script_fact(text)) lines.insert(text);
            }
        }
    }
    return lines;
}

std::multiset<std::string> lines_in_story(const World& world, const std::string& bot) {
    std::multiset<std::string> lines;
    for (const auto& line : world.log_lines(bot)) {
        const auto stream = json_string(line, "stream");
        if (stream == "stdout" || stream == "stderr") lines.insert(json_string(line, "message"));
    }
    return lines;
}

}  // namespace

TEST_CASE("killed in every step and started again, hatchery ends with one server and one bot") {
    if (skip_without_hosts()) return;
    World world(e2e::Bundle::real, "kill in every step");
    const auto token = world.new_telegram_token();
    const auto bot = world.deploy("Hardy bot", token);

    for (const std::string step : {"provision_server", "install_dependencies", "deploy_openclaw",
                                   "configure_bot", "start_bot"}) {
        INFO(step);
        const auto seen = world.wait_status(bot, 180s, [&](const base::Json& status) {
            return step_runs(status, step) || step_done(status, step) ||
                   json_string(status, "status") == "failed";
        });
        REQUIRE(json_string(seen, "status") != "failed");
        world.kill_hatchery();
        world.start_hatchery();
    }
    const auto active = world.wait_status(bot, 300s, [](const base::Json& status) {
        return json_string(status, "status") == "active" ||
               json_string(status, "status") == "failed";
    });
    REQUIRE(json_string(active, "status") == "active");
    REQUIRE(world.servers().size() == 1);
    REQUIRE(world.listed("/api/bots").size() == 1);
    REQUIRE(lines_in_story(world, bot) == lines_on_server(world));
    REQUIRE_THAT(world.chat(token, "Did you sleep well?", 60s),
                 Catch::Contains("Did you sleep well?"));
}
