#include <signal.h>

#include <fstream>
#include <sstream>

#include "sandbox_program.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds kEndLimit{30'000};

bool holds_nothing(const fs::path& folder) {
    std::error_code error;
    return !fs::exists(folder, error) || fs::is_empty(folder, error);
}

std::string mounts_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/mounts");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("deleting a server leaves nothing of its host") {
    if (!can_have_hosts()) {
        return;
    }
    const TemporaryFolder folder;
    const fs::path state = folder.path() / "state";
    SandboxProgram sandbox(folder.path(), state);
    const json created = sandbox.create("web-1");
    const json id = created["server"]["id"];
    const std::string cgroup = cgroup_of(created["server"]);
    const std::string ip = created["server"]["public_net"]["ipv4"]["ip"];
    sandbox.ssh_when_up(ip, "true");
    CHECK_FALSE(processes_with(cgroup).empty());
    CHECK_FALSE(cgroups_with(cgroup).empty());
    CHECK(mounts_of(sandbox.process.pid()).find(id.dump()) != std::string::npos);

    sandbox.remove(id);
    CHECK(processes_with(cgroup) == std::vector<std::string>{});
    CHECK(cgroups_with(cgroup).empty());
    CHECK(mounts_of(sandbox.process.pid()).find(id.dump()) == std::string::npos);
    CHECK(holds_nothing(state / "hosts"));
    CHECK(eventually([&] { return holds_nothing(state / "trash"); }));
    CHECK(sandbox.ssh(ip, "true").exit_code == 255);
}

TEST_CASE("a sandbox that ends takes its hosts away") {
    if (!can_have_hosts()) {
        return;
    }
    const TemporaryFolder folder;
    const fs::path state = folder.path() / "state";
    SandboxProgram sandbox(folder.path(), state);
    const json first = sandbox.create("web-1");
    const json second = sandbox.create("web-2");
    sandbox.wait_for_status(first["server"]["id"], "running");
    sandbox.wait_for_status(second["server"]["id"], "running");
    CHECK(sandbox.process.terminate(kEndLimit) == 0);
    CHECK(processes_with(state.string()).empty());
    CHECK(cgroups_with(cgroup_of(first["server"])).empty());
    CHECK(holds_nothing(state));
}

TEST_CASE("what a killed sandbox left is cleared by the next one") {
    if (!can_have_hosts()) {
        return;
    }
    const TemporaryFolder folder;
    const fs::path state = folder.path() / "state";
    std::string cgroup;
    {
        SandboxProgram sandbox(folder.path(), state);
        const json created = sandbox.create("web-1");
        cgroup = cgroup_of(created["server"]);
        sandbox.ssh_when_up(created["server"]["public_net"]["ipv4"]["ip"], "true");
        sandbox.process.kill();
    }
    // This one, or one of another test that started in between and is still at it.
    const SandboxProgram next(folder.path(), folder.path() / "other-state");
    CHECK(eventually([&] { return processes_with(cgroup).empty(); }));
    CHECK(eventually([&] { return holds_nothing(state / "hosts"); }));
    CHECK(eventually([&] { return cgroups_with(cgroup).empty(); }));
}

TEST_CASE("two sandboxes share a machine but not a state folder") {
    if (!can_have_hosts()) {
        return;
    }
    const TemporaryFolder folder;
    SandboxProgram first(folder.path(), folder.path() / "one");
    SandboxProgram second(folder.path(), folder.path() / "two");
    const std::string first_ip = first.create("same")["server"]["public_net"]["ipv4"]["ip"];
    const std::string second_ip = second.create("same")["server"]["public_net"]["ipv4"]["ip"];
    CHECK(first_ip != second_ip);
    first.ssh_when_up(first_ip, "true");
    second.ssh_when_up(second_ip, "true");
    const auto refused =
        run_command({HATCHERY_SANDBOX_PROGRAM, "--state-dir", (folder.path() / "one").string()});
    CHECK(refused.exit_code == 1);
    CHECK(refused.output.find("another sandbox uses the state folder") != std::string::npos);
}
