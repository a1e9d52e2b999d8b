#include "ports/remote_host.hpp"

#include <string>
#include <vector>

#include "contract/remote_host/harnesses.hpp"
#include "crypto/digest.hpp"
#include "crypto/key_ring.hpp"
#include "support/catch.hpp"

namespace hatchery::test {

namespace {

using namespace std::chrono_literals;
using base::Call;
using base::Effect;
using base::ErrorKind;
using base::Secret;
using ports::RunState;

Call soon() { return Call::within(20s); }

/// A harness, or nothing with a warning where its server cannot run.
template <typename Harness>
std::unique_ptr<Harness> make_harness() {
    if (Harness::available()) return std::make_unique<Harness>();
    WARN("openssh-server is not installed: this contract is not tested");
    return nullptr;
}

struct Story {
    std::vector<std::string> lines;
    std::optional<int> exit_code;
    RunState state = RunState::absent;
    std::uint64_t offset = 0;
};

/// Reads a run from an offset to its end.
template <typename Harness>
Story read_to_end(Harness& harness, const std::string& id, std::uint64_t offset = 0) {
    Story story{.lines = {}, .exit_code = {}, .state = RunState::absent, .offset = offset};
    for (int reads = 0; reads < 500; ++reads) {
        const auto output =
            harness.host().read_run(harness.target(), id, story.offset, 200ms, soon());
        REQUIRE(output.has_value());
        for (const auto& line : output->lines) {
            story.lines.push_back((line.stream == ports::LineStream::out ? "O " : "E ") +
                                  line.text);
        }
        story.offset = output->next_offset;
        story.state = output->state;
        story.exit_code = output->exit_code;
        if (story.state != RunState::running && !output->more) break;
        harness.let_time_pass();
    }
    return story;
}

}  // namespace

#define FOR_EACH_HOST(name) TEMPLATE_TEST_CASE(name, "", FakeHarness, SshHarness)

FOR_EACH_HOST("a command that ends well has exit code 0") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    for (int i = 0; i < 3; ++i) {
        const auto result =
            harness->host().exec(harness->target(), {.command = "true", .input = {}}, soon());
        REQUIRE(result.has_value());
        CHECK(result->exit_code == 0);
        CHECK(result->signal.empty());
    }
}

FOR_EACH_HOST("a small file is written with its mode, and replaced as a whole") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    const std::string path = harness->path("deep/er/it's a \"file\".txt");
    REQUIRE(harness->host()
                .put_file(harness->target(), Secret("first, longer\n"), path, 0640, soon())
                .has_value());
    CHECK(harness->file(path) == "0640 first, longer\n");
    REQUIRE(harness->host()
                .put_file(harness->target(), Secret("second"), path, 0600, soon())
                .has_value());
    CHECK(harness->file(path) == "0600 second");
}

FOR_EACH_HOST("an upload arrives whole, a second one changes nothing, a wrong sum is refused") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    const ScratchFolder folder;
    const std::string content(300'000, 'u');
    const std::string local = folder.path() + "/local";
    write_file(local, content);
    const std::string remote = harness->path("bundles/release");
    std::uint64_t last = 0;
    ports::FileUpload file{.local_path = local,
                           .remote_path = remote,
                           .sha256 = crypto::sha256_hex(content),
                           .mode = 0644,
                           .progress = [&](std::uint64_t done, std::uint64_t) { last = done; }};
    for (int i = 0; i < 2; ++i) {
        REQUIRE(harness->host().upload(harness->target(), file, soon()).has_value());
        CHECK(harness->file(remote) == "0644 " + content);
        CHECK(last == content.size());
    }

    file.remote_path = harness->path("bundles/wrong");
    file.sha256 = crypto::sha256_hex("something else");
    const auto wrong = harness->host().upload(harness->target(), file, soon());
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().kind == ErrorKind::invalid);
    CHECK(harness->file(file.remote_path).empty());

    file.local_path = folder.path() + "/missing";
    const auto missing = harness->host().upload(harness->target(), file, soon());
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().kind == ErrorKind::not_found);
}

FOR_EACH_HOST("a run's lines come in order with their streams, and once each from any offset") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    const auto started = harness->host().start_run(
        harness->target(), {.run_id = "job-1", .script = "three_lines.sh", .environment = {}},
        soon());
    REQUIRE(started.has_value());
    CHECK((*started == RunState::running || *started == RunState::exited));

    const Story story = read_to_end(*harness, "job-1");
    CHECK(story.state == RunState::exited);
    CHECK(story.exit_code == 7);
    CHECK(story.lines == std::vector<std::string>{"O one", "E two", "O three"});

    const auto rest =
        harness->host().read_run(harness->target(), "job-1", story.offset, 0ms, soon());
    REQUIRE(rest.has_value());
    CHECK(rest->lines.empty());
    CHECK(rest->next_offset == story.offset);
    CHECK_FALSE(rest->more);
    CHECK(read_to_end(*harness, "job-1").lines == story.lines);
}

FOR_EACH_HOST("a second start with the same id adopts the first run") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    for (int i = 0; i < 3; ++i) {
        REQUIRE(harness->host()
                    .start_run(harness->target(),
                               {.run_id = "job-2", .script = "three_lines.sh", .environment = {}},
                               soon())
                    .has_value());
    }
    const Story story = read_to_end(*harness, "job-2");
    CHECK(story.lines.size() == 3);
    const auto again = harness->host().start_run(
        harness->target(), {.run_id = "job-2", .script = "three_lines.sh", .environment = {}},
        soon());
    REQUIRE(again.has_value());
    CHECK(*again == RunState::exited);
}

FOR_EACH_HOST("a run that was never started is absent, and stopping it is no error") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    const auto output = harness->host().read_run(harness->target(), "never", 0, 100ms, soon());
    REQUIRE(output.has_value());
    CHECK(output->state == RunState::absent);
    CHECK(output->lines.empty());
    CHECK(harness->host().stop_run(harness->target(), "never", soon()).has_value());
}

FOR_EACH_HOST("a stopped run has ended with 143, and stopping it again is no error") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    REQUIRE(harness->host()
                .start_run(harness->target(),
                           {.run_id = "job-3", .script = "endless.sh", .environment = {}}, soon())
                .has_value());
    const auto before = harness->host().read_run(harness->target(), "job-3", 0, 5s, soon());
    REQUIRE(before.has_value());
    CHECK(before->state == RunState::running);
    CHECK_FALSE(before->exit_code.has_value());
    harness->let_time_pass();
    for (int i = 0; i < 2; ++i) {
        REQUIRE(harness->host().stop_run(harness->target(), "job-3", soon()).has_value());
        const Story story = read_to_end(*harness, "job-3");
        CHECK(story.state == RunState::exited);
        CHECK(story.exit_code == 143);
        CHECK(story.lines == std::vector<std::string>{"O begun"});
    }
}

FOR_EACH_HOST("another host key is a conflict and nothing was done") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    ports::SshTarget target = harness->target();
    target.host_keys = {crypto::make_key_maker()->make_ssh_key().public_key};
    const std::string path = harness->path("never");
    const auto written = harness->host().put_file(target, Secret("x"), path, 0600, soon());
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().kind == ErrorKind::conflict);
    CHECK(written.error().code == "host_key_mismatch");
    CHECK(written.error().effect == Effect::none);
    CHECK(harness->file(path).empty());

    target.host_keys.push_back(harness->target().host_keys.front());
    CHECK(harness->host().put_file(target, Secret("x"), path, 0600, soon()).has_value());
    CHECK(harness->file(path) == "0600 x");
}

FOR_EACH_HOST("a client key that the server does not know is unauthorized") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    ports::SshTarget target = harness->target();
    target.private_key = crypto::make_key_maker()->make_ssh_key().private_key;
    const auto result = harness->host().exec(target, {.command = "true", .input = {}}, soon());
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().kind == ErrorKind::unauthorized);
    CHECK(result.error().effect == Effect::none);
}

FOR_EACH_HOST("a server that is down is unavailable, and its tunnels are not alive") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    auto tunnel = harness->host().open_tunnel(harness->target(), 9, soon());
    REQUIRE(tunnel.has_value());
    CHECK((*tunnel)->alive());
    CHECK_FALSE((*tunnel)->socket_path().empty());
    harness->stop_server();
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while ((*tunnel)->alive() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
    }
    CHECK_FALSE((*tunnel)->alive());
    const auto result =
        harness->host().exec(harness->target(), {.command = "true", .input = {}}, soon());
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().kind == ErrorKind::unavailable);
    CHECK(result.error().effect == Effect::none);
}

FOR_EACH_HOST("a call without time or with a stop asked for does nothing") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    const std::string path = harness->path("never");
    const auto late =
        harness->host().put_file(harness->target(), Secret("x"), path, 0600, Call::within(0ms));
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().kind == ErrorKind::timeout);
    std::stop_source stop;
    stop.request_stop();
    const auto stopped = harness->host().put_file(harness->target(), Secret("x"), path, 0600,
                                                  Call::within(10s, stop.get_token()));
    REQUIRE_FALSE(stopped.has_value());
    CHECK(stopped.error().kind == ErrorKind::cancelled);
    CHECK(harness->file(path).empty());
}

FOR_EACH_HOST("malformed run ids and environment values are invalid") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    for (const std::string& id : {std::string{}, std::string("UPPER"), std::string("a;b"),
                                  std::string("-a"), std::string("../a"), std::string(65, 'a')}) {
        const auto started = harness->host().start_run(
            harness->target(), {.run_id = id, .script = "three_lines.sh", .environment = {}},
            soon());
        REQUIRE_FALSE(started.has_value());
        CHECK(started.error().kind == ErrorKind::invalid);
        CHECK(harness->host().read_run(harness->target(), id, 0, 0ms, soon()).error().kind ==
              ErrorKind::invalid);
        CHECK(harness->host().stop_run(harness->target(), id, soon()).error().kind ==
              ErrorKind::invalid);
    }
    const auto started = harness->host().start_run(
        harness->target(),
        {.run_id = "job-4", .script = "three_lines.sh", .environment = {{"NAME", "a\nB=secret"}}},
        soon());
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().kind == ErrorKind::invalid);
    CHECK(started.error().message.find("secret") == std::string::npos);
}

FOR_EACH_HOST("after a broken connection, and after forget, the next call works") {
    const auto harness = make_harness<TestType>();
    if (!harness) return;
    const auto works = [&] {
        return harness->host()
            .exec(harness->target(), {.command = "true", .input = {}}, soon())
            .has_value();
    };
    REQUIRE(works());
    harness->break_connections();
    CHECK(works());
    harness->host().forget(harness->target());
    CHECK(works());
}

}  // namespace hatchery::test
