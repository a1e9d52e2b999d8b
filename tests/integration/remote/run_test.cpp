#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "integration/remote/faulty_proxy.hpp"
#include "integration/remote/remote_world.hpp"
#include "support/catch.hpp"

namespace hatchery::test {

using namespace std::chrono_literals;
using base::Call;
using base::ErrorKind;
using ports::RunState;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

namespace {

std::string_view embedded_runner() {
    for (const auto& file : embedded::provisioning_scripts()) {
        if (file.name == "run_detached.sh") return file.content;
    }
    return {};
}

std::span<const base::EmbeddedFile> scripts() {
    static const std::array<base::EmbeddedFile, 5> all{{
        {"run_detached.sh", embedded_runner()},
        {"count.sh",
         "for i in $(seq 300); do echo \"line $i\"; [ $((i % 10)) -ne 0 ] || sleep 0.02; done\n"},
        {"environment.sh", "printf '<%s>\\n' \"$PLAIN\" \"$ODD\" \"$TOKEN\"\n"},
        {"silent.sh", "exec sleep 60\n"},
        {"much.sh", "seq -f 'a line of a long log, number %.0f' 30000\n"},
    }};
    return all;
}

RunState start(RemoteWorld& world, const std::string& id, const std::string& script,
               std::map<std::string, std::string> environment = {}) {
    const auto state = world.host().start_run(
        world.target(), {.run_id = id, .script = script, .environment = std::move(environment)},
        soon());
    if (!state) FAIL(state.error().message);
    return *state;
}

struct Reader {
    std::uint64_t offset = 0;
    std::vector<std::string> lines;
    RunState state = RunState::running;
    int reads = 0;

    void read_once(RemoteWorld& world, const std::string& id) {
        const auto output = world.host().read_run(world.target(), id, offset, 2s, soon());
        if (!output) FAIL(output.error().message);
        for (const auto& line : output->lines) lines.push_back(line.text);
        offset = output->next_offset;
        state = output->more ? RunState::running : output->state;
        ++reads;
    }
    void read_to_end(RemoteWorld& world, const std::string& id) {
        while (state == RunState::running && reads < 1'000) read_once(world, id);
    }
};

std::vector<std::string> counted_lines() {
    std::vector<std::string> lines;
    for (int i = 1; i <= 300; ++i) lines.push_back(fmt::format("line {}", i));
    return lines;
}

/// Whether any process shows this text in its arguments.
bool any_command_line_has(const std::string& text) {
    std::error_code ignored;
    for (fs::directory_iterator it("/proc", ignored), end; it != end; it.increment(ignored)) {
        const std::string name = it->path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (read_file(it->path() / "cmdline").find(text) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("a client killed in the middle of a run loses no line and repeats none") {
    RemoteWorld world({.scripts = scripts()});
    start(world, "job-1", "count.sh");
    Reader before;
    before.read_once(world, "job-1");
    REQUIRE(before.state == RunState::running);

    // A client that dies as by kill -9, in the middle of a read: it has no time to say good-bye.
    const pid_t victim = ::fork();
    if (victim == 0) {
        const auto other = remote::make_ssh_remote_host({.state_dir = world.sshd().state_dir()});
        (void)other->read_run(world.target(), "job-1", before.offset, 0ms, soon());
        (void)other->read_run(world.target(), "job-1", 1U << 30U, 20s, soon());
        ::_exit(0);
    }
    const auto deadline = Clock::now() + 10s;
    while (world.sshd().logins() < 2 && Clock::now() < deadline) std::this_thread::yield();
    ::kill(victim, SIGKILL);
    ::waitpid(victim, nullptr, 0);
    world.restart_client();

    // The next process knows only the persisted offset, and asks to start again, as a step does.
    CHECK(start(world, "job-1", "count.sh") != RunState::lost);
    Reader after{.offset = before.offset, .lines = before.lines};
    after.read_to_end(world, "job-1");
    CHECK(after.state == RunState::exited);
    CHECK(after.lines == counted_lines());
}

TEST_CASE("a run is followed through connections that keep breaking") {
    RemoteWorld world({.scripts = scripts()});
    FaultyProxy proxy(world.target().port);
    world.aim_at(proxy.port());
    start(world, "job-2", "count.sh");
    Reader reader;
    int failures = 0;
    for (int i = 0; reader.state == RunState::running && i < 1'000; ++i) {
        std::jthread cutter([&] {
            if (i % 2 == 0) proxy.cut();
        });
        const auto output =
            world.host().read_run(world.target(), "job-2", reader.offset, 100ms, soon());
        if (!output) {
            ++failures;
            CHECK(output.error().kind == ErrorKind::unavailable);
            CHECK(output.error().effect == base::Effect::none);
            continue;
        }
        for (const auto& line : output->lines) reader.lines.push_back(line.text);
        reader.offset = output->next_offset;
        reader.state = output->more ? RunState::running : output->state;
    }
    CHECK(reader.lines == counted_lines());
    INFO(failures);
}

TEST_CASE("environment values arrive exactly, and their file is gone afterwards") {
    RemoteWorld world({.scripts = scripts()});
    start(world, "job-3", "environment.sh",
          {{"PLAIN", "text"}, {"ODD", "a 'b' \"c\" $D `e` \\ =\t*"}, {"TOKEN", "123:s3cret"}});
    Reader reader;
    reader.read_to_end(world, "job-3");
    CHECK(reader.lines ==
          std::vector<std::string>{"<text>", "<a 'b' \"c\" $D `e` \\ =\t*>", "<123:s3cret>"});
    CHECK(world.exec("grep -rl s3cret " + world.sshd().state_dir() + "/start").out.empty());
}

TEST_CASE("a secret shows in no process's arguments") {
    RemoteWorld world({.scripts = scripts()});
    const std::string secret = "s3cret-in-no-argv";
    std::atomic<bool> seen{false};
    std::jthread watcher([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (any_command_line_has(secret)) seen = true;
        }
    });
    for (int i = 0; i < 5; ++i) {
        const std::string id = fmt::format("job-4-{}", i);
        start(world, id, "environment.sh", {{"TOKEN", secret}});
        REQUIRE(world.host()
                    .put_file(world.target(), base::Secret(secret),
                              world.sshd().folder() + "/config", 0600, soon())
                    .has_value());
        REQUIRE(world.host()
                    .exec(world.target(),
                          {.command = "cat >/dev/null", .input = base::Secret(secret)}, soon())
                    .has_value());
        Reader reader;
        reader.read_to_end(world, id);
    }
    watcher.request_stop();
    watcher.join();
    CHECK_FALSE(seen);
}

TEST_CASE("a long log comes in several reads, whole") {
    RemoteWorld world({.scripts = scripts()});
    start(world, "job-5", "much.sh");
    Reader reader;
    reader.read_to_end(world, "job-5");
    CHECK(reader.reads > 3);
    REQUIRE(reader.lines.size() == 30'000);
    CHECK(reader.lines.front() == "a line of a long log, number 1");
    CHECK(reader.lines.back() == "a line of a long log, number 30000");
}

TEST_CASE("a read without news waits for some, and no longer than its patience") {
    RemoteWorld world({.scripts = scripts()});
    start(world, "job-6", "silent.sh");
    const auto timed_read = [&](base::Milliseconds patience) {
        const auto begin = Clock::now();
        const auto output = world.host().read_run(world.target(), "job-6", 0, patience, soon());
        REQUIRE(output.has_value());
        CHECK(output->lines.empty());
        return std::pair(output->state, Clock::now() - begin);
    };
    const auto [running, waited] = timed_read(400ms);
    CHECK(running == RunState::running);
    CHECK(waited >= 400ms);
    CHECK(waited < 5s);
    REQUIRE(world.host().stop_run(world.target(), "job-6", soon()).has_value());
    // Beyond the end of a run there is nothing to wait for.
    const auto [ended, not_waited] = timed_read(20s);
    CHECK(ended == RunState::exited);
    CHECK(not_waited < 10s);
}

TEST_CASE("scripts are sent once, and again to a server that has lost them") {
    RemoteWorld world({.scripts = scripts()});
    FaultyProxy proxy(world.target().port);
    world.aim_at(proxy.port());
    start(world, "job-7", "environment.sh");
    const auto first = proxy.bytes_from_clients();
    start(world, "job-8", "environment.sh");
    CHECK(proxy.bytes_from_clients() - first < 5'000);
    // What still runs would write into the folder while it goes.
    for (const char* run : {"job-7", "job-8"}) Reader().read_to_end(world, run);
    fs::remove_all(world.sshd().state_dir());
    CHECK(start(world, "job-9", "environment.sh") != RunState::lost);
    Reader reader;
    reader.read_to_end(world, "job-9");
    CHECK(reader.lines.size() == 3);
}

TEST_CASE("an unknown script is refused before anything is sent") {
    RemoteWorld world({.scripts = scripts()});
    const auto state = world.host().start_run(
        world.target(), {.run_id = "job-10", .script = "../count.sh", .environment = {}}, soon());
    REQUIRE_FALSE(state.has_value());
    CHECK(state.error().kind == ErrorKind::invalid);
    CHECK(world.sshd().logins() == 0);
}

TEST_CASE("every embedded script arrives as it is in the source tree") {
    for (const auto& file : embedded::provisioning_scripts()) {
        const std::string path =
            fmt::format("{}/provisioning-scripts/{}", HATCHERY_SOURCE_DIR, file.name);
        CHECK(read_file(path) == file.content);
    }
}

}  // namespace hatchery::test
