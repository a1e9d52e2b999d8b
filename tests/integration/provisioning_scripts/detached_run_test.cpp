#include <fmt/format.h>

#include <fstream>

#include "integration/provisioning_scripts/sandbox_server.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using test::SandboxServer;

namespace {

constexpr auto runner = "bash /var/lib/hatchery/runner.sh ";

bool cannot_run() {
    const auto reason = SandboxServer::missing();
    if (reason) WARN("skipped: " << *reason);
    return reason.has_value();
}

/// Puts the launcher and a script of the test's own onto the server.
void prepare(SandboxServer& server, const std::string& script) {
    server.exec("mkdir -p -m 0700 /var/lib/hatchery");
    std::ifstream file(HATCHERY_SOURCE_DIR "/provisioning-scripts/run_detached.sh");
    server.put(std::string(std::istreambuf_iterator<char>(file), {}),
               "/var/lib/hatchery/runner.sh");
    server.put(script, "/var/lib/hatchery/script.sh");
}

std::string start(SandboxServer& server, const std::string& id, const std::string& more = "- 60") {
    return server.exec(fmt::format("{}start {} /var/lib/hatchery/script.sh {}", runner, id, more));
}

}  // namespace

TEST_CASE("a detached run keeps every byte of output that text can hold") {
    if (cannot_run()) return;
    SandboxServer server("exact");
    prepare(server,
            "printf 'one\\n'; printf 'nul\\0 bell\\a bad\\xff\\xfe cr\\r\\n'; "
            "head -c 20000 /dev/zero | tr '\\0' x; echo; echo fault >&2; "
            "echo \"env=$VALUE id=$HATCHERY_RUN_ID in=$(cat)\"; printf 'no end'; exit 7\n");
    server.put("VALUE=a \"b\" $c\nOTHER=x\n", "/var/lib/hatchery/run.env");
    CHECK(start(server, "exact", "/var/lib/hatchery/run.env 60") != "");

    const auto run = server.follow("exact");
    INFO(run.text());
    CHECK(run.exit_code == 7);
    std::vector<std::string> out;
    std::vector<std::string> err;
    for (const auto& line : run.lines) {
        (line.stream == ports::LineStream::out ? out : err).push_back(line.text);
    }
    std::string all;
    for (const auto& line : out) all += line + "|";
    CHECK(all.find("one|nul\u2400 bell\u2407 bad\uFFFD\uFFFD cr|") == 0);
    CHECK(std::count(all.begin(), all.end(), 'x') == 20'000 + 1);  // one more in the run's name
    CHECK(all.find("|env=a \"b\" $c id=exact in=|no end|") != std::string::npos);
    CHECK(err == std::vector<std::string>{"fault"});
    CHECK(server.try_exec("ls /var/lib/hatchery/run.env /var/lib/hatchery/runs/exact/env")
              .out.empty());
}

TEST_CASE("a second start adopts the run, and an ended run is not started again") {
    if (cannot_run()) return;
    SandboxServer server("adopt");
    prepare(server, "echo started >>/root/count; read -r _ </root/gate; exit 3\n");
    server.exec("mkfifo /root/gate");
    CHECK(start(server, "adopt") == "running\n");
    CHECK(start(server, "adopt") == "running\n");
    server.exec("echo go >/root/gate");
    CHECK(server.follow("adopt").exit_code == 3);
    CHECK(start(server, "adopt") == "exited 3\n");
    CHECK(server.exec("cat /root/count") == "started\n");
    server.exec(std::string(runner) + "forget adopt");
    CHECK(server.exec(std::string(runner) + "status adopt 0 0").starts_with("state=absent"));
}

TEST_CASE("many starts at the same moment make one run") {
    if (cannot_run()) return;
    SandboxServer server("race");
    prepare(server, "echo started >>/root/count\n");
    server.exec(
        "for i in 1 2 3 4 5 6; do bash /var/lib/hatchery/runner.sh start race "
        "/var/lib/hatchery/script.sh - & done; wait");
    CHECK(server.follow("race").exit_code == 0);
    CHECK(server.exec("cat /root/count") == "started\n");
}

TEST_CASE("a run is stopped with all that it started, or ends at its time limit") {
    if (cannot_run()) return;
    SandboxServer server("stop");
    prepare(server, "echo up; sleep 1000 & sleep 1000\n");
    start(server, "stopped");
    server.follow("stopped", 1);
    CHECK(server.exec(std::string(runner) + "stop stopped").starts_with("state=exited exit=143"));
    CHECK(server.exec(std::string(runner) + "stop stopped").starts_with("state=exited exit=143"));
    start(server, "limited", "- 1");
    CHECK(server.follow("limited").exit_code == 124);
    CHECK(server.try_exec("pgrep -x sleep").out.empty());
}

TEST_CASE("a run that a restart of the machine ended is lost, with its lines kept") {
    if (cannot_run()) return;
    SandboxServer server("lost");
    prepare(server, "echo before; sync; sleep 1000\n");
    start(server, "cut");
    CHECK(server.follow("cut", 1).state == ports::RunState::running);
    server.reset();
    const auto run = server.follow("cut");
    CHECK(run.state == ports::RunState::lost);
    REQUIRE(run.lines.size() == 1);
    CHECK(run.lines.front().text == "before");
    CHECK(start(server, "cut") == "lost\n");
}
