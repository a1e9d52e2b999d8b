#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "crypto/key_ring.hpp"
#include "integration/remote/faulty_proxy.hpp"
#include "integration/remote/remote_world.hpp"
#include "support/catch.hpp"

namespace hatchery::test {

using namespace std::chrono_literals;
using base::Call;
using base::Effect;
using base::ErrorKind;
using base::Secret;
using Clock = std::chrono::steady_clock;

TEST_CASE("a command's output, errors, exit code and signal come back") {
    RemoteWorld world;
    const auto both = world.exec("echo out; echo err >&2; exit 3");
    CHECK(both.out == "out\n");
    CHECK(both.err == "err\n");
    CHECK(both.exit_code == 3);
    CHECK(both.signal.empty());
    CHECK(world.exec("kill -KILL $$").signal == "KILL");
    CHECK(world.exec("exit 255").exit_code == 255);
    CHECK(world.exec("definitely-no-command-of-that-name").exit_code == 127);
}

TEST_CASE("megabytes of input come back whole, and output beyond the cap is dropped") {
    RemoteWorld world;
    std::string input;
    for (int i = 0; input.size() < 8'000'000; ++i) input += std::to_string(i) + "\n";
    const auto all = world.host().exec(
        world.target(), {.command = "cat", .input = Secret(input), .max_output_bytes = 16U << 20U},
        soon());
    REQUIRE(all.has_value());
    CHECK(all->out == input);
    const auto capped = world.host().exec(
        world.target(), {.command = "cat; echo done >&2", .input = Secret(input)}, soon());
    REQUIRE(capped.has_value());
    CHECK(capped->out == input.substr(0, 1U << 20U));
    CHECK(capped->err == "done\n");
}

TEST_CASE("a command that does not read its input still ends") {
    RemoteWorld world;
    const auto result = world.host().exec(
        world.target(), {.command = "echo ready", .input = Secret(std::string(6'000'000, 'x'))},
        soon());
    REQUIRE(result.has_value());
    CHECK(result->out == "ready\n");
    CHECK(world.exec("echo next").out == "next\n");
}

TEST_CASE("commands in a row share one login") {
    RemoteWorld world;
    for (int i = 0; i < 20; ++i) CHECK(world.exec(fmt::format("echo {}", i)).exit_code == 0);
    CHECK(world.sshd().logins() == 1);
}

TEST_CASE("a command on an open session costs one round trip, with input two") {
    // sshd grants a session's channel no room for input before it has taken the command.
    RemoteWorld world;
    FaultyProxy proxy(world.target().port);
    world.aim_at(proxy.port());
    const auto median_of = [&](std::chrono::milliseconds delay, const std::string& input) {
        proxy.delay_each_way(delay);
        std::vector<Clock::duration> times;
        for (int i = 0; i < 7; ++i) {
            const auto start = Clock::now();
            (void)world.host().exec(world.target(), {.command = "cat", .input = Secret(input)},
                                    soon());
            times.push_back(Clock::now() - start);
        }
        std::ranges::sort(times);
        return times[times.size() / 2];
    };
    const auto round_trips = [&](const std::string& input) {
        const auto near = median_of(0ms, input);
        const auto far = median_of(50ms, input);
        return std::chrono::duration<double>(far - near).count() / 0.1;
    };
    CHECK(round_trips("") < 1.5);
    CHECK(round_trips("some input") < 2.5);
}

TEST_CASE("a silent peer is given up at the deadline") {
    RemoteWorld world;
    FaultyProxy proxy(world.target().port);
    world.aim_at(proxy.port());
    proxy.hold();
    const auto start = Clock::now();
    const auto result =
        world.host().exec(world.target(), {.command = "true", .input = {}}, Call::within(400ms));
    const auto took = Clock::now() - start;
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().kind == ErrorKind::timeout);
    CHECK(result.error().effect == Effect::none);
    CHECK(took >= 395ms);
    CHECK(took < 1500ms);
}

TEST_CASE("a command that outlasts its deadline may still have its effect") {
    RemoteWorld world;
    REQUIRE(world.exec("true").exit_code == 0);
    const auto start = Clock::now();
    const auto result = world.host().exec(world.target(), {.command = "sleep 20", .input = {}},
                                          Call::within(300ms));
    REQUIRE_FALSE(result.has_value());
    CHECK(Clock::now() - start < 2s);
    CHECK(result.error().kind == ErrorKind::timeout);
    CHECK(result.error().effect == Effect::unknown);
    CHECK(world.exec("echo next").out == "next\n");
}

TEST_CASE("a stop token ends a waiting call soon") {
    RemoteWorld world;
    std::stop_source stop;
    std::jthread stopper([&] {
        world.wait_for_file("begun");
        stop.request_stop();
    });
    const auto result = world.host().exec(
        world.target(),
        {.command = fmt::format("touch {}/begun; sleep 20", world.sshd().folder()), .input = {}},
        Call::within(15s, stop.get_token()));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().kind == ErrorKind::cancelled);
    CHECK(result.error().effect == Effect::unknown);
}

TEST_CASE("a connection that breaks in the middle of a command leaves its effect unknown") {
    RemoteWorld world;
    FaultyProxy proxy(world.target().port);
    world.aim_at(proxy.port());
    std::jthread cutter([&] {
        world.wait_for_file("begun");
        proxy.cut();
    });
    const auto result = world.host().exec(
        world.target(),
        {.command = fmt::format("touch {}/begun; sleep 20", world.sshd().folder()), .input = {}},
        soon());
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().kind == ErrorKind::unavailable);
    CHECK(result.error().effect == Effect::unknown);
    CHECK(world.exec("echo next").out == "next\n");
}

TEST_CASE("a put_file that is cut leaves no half file") {
    RemoteWorld world;
    FaultyProxy proxy(world.target().port);
    world.aim_at(proxy.port());
    REQUIRE(world.exec("true").exit_code == 0);
    proxy.cut_after(proxy.bytes_from_clients() + 1'000'000);
    const std::string path = world.sshd().folder() + "/config";
    const auto written = world.host().put_file(world.target(), Secret(std::string(4'000'000, 'x')),
                                               path, 0600, soon());
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().effect == Effect::unknown);
    proxy.cut_after(0);
    // The shell learns of the end a moment later, and then cleans up.
    const auto left = world.exec(fmt::format(
        "for i in $(seq 200); do ls {0}/config* >/dev/null 2>&1 || break; sleep 0.02; done; "
        "ls {0}/config* 2>/dev/null",
        world.sshd().folder()));
    CHECK(left.out.empty());
}

TEST_CASE("kept sessions that died are replaced without a sign") {
    RemoteWorld world;
    REQUIRE(world.exec("true").exit_code == 0);
    world.sshd().kill_sessions();
    CHECK(world.exec("echo next").out == "next\n");
    CHECK(world.sshd().logins() == 2);
}

TEST_CASE("an idle session is closed after its time") {
    RemoteWorld world({.idle_timeout = 100ms});
    REQUIRE(world.exec("true").exit_code == 0);
    const auto deadline = Clock::now() + 10s;
    while (world.sshd().log().find("Disconnected from") == std::string::npos &&
           world.sshd().log().find("Connection closed by") == std::string::npos &&
           Clock::now() < deadline) {
        std::this_thread::yield();
    }
    CHECK(Clock::now() < deadline);
    CHECK(world.exec("echo next").out == "next\n");
}

TEST_CASE("a wrong host key is refused before the user's name or key is sent") {
    RemoteWorld world;
    ports::SshTarget target = world.target();
    target.host_keys = {crypto::make_key_maker()->make_ssh_key().public_key, "ssh-rsa AAAA", "",
                        "ssh-ed25519 ", "ssh-ed25519 !!"};
    const auto result = world.host().exec(target, {.command = "true", .input = {}}, soon());
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().kind == ErrorKind::conflict);
    CHECK(result.error().code == "host_key_mismatch");
    CHECK(result.error().effect == Effect::none);
    target.host_keys.clear();
    CHECK(world.host().exec(target, {.command = "true", .input = {}}, soon()).error().code ==
          "host_key_mismatch");
    CHECK(world.host().open_tunnel(target, 80, soon()).error().code == "host_key_mismatch");
    // The log says for which user a login was tried; here it never comes to that.
    CHECK(world.sshd().log().find("user") == std::string::npos);
    CHECK(world.sshd().logins() == 0);
}

TEST_CASE("a malformed client key is refused as invalid") {
    RemoteWorld world;
    ports::SshTarget target = world.target();
    target.private_key = Secret("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n");
    const auto result = world.host().exec(target, {.command = "true", .input = {}}, soon());
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().kind == ErrorKind::invalid);
}

TEST_CASE("8 threads with 50 commands each get their own answers over few connections") {
    RemoteWorld world;
    constexpr int threads = 8;
    constexpr int commands = 50;
    std::vector<int> right(threads, 0);
    std::vector<std::string> errors(threads);
    {
        std::vector<std::jthread> crowd;
        for (int t = 0; t < threads; ++t) {
            crowd.emplace_back([&, t] {
                const auto place = static_cast<std::size_t>(t);
                for (int i = 0; i < commands; ++i) {
                    const std::string text = fmt::format("{} {}", t, i);
                    const auto result =
                        world.host().exec(world.target(), {.command = "cat", .input = Secret(text)},
                                          Call::within(60s));
                    if (result && result->out == text) {
                        ++right[place];
                    } else if (!result) {
                        errors[place] = result.error().message;
                    }
                }
            });
        }
    }
    for (const std::string& error : errors) CHECK(error.empty());
    CHECK(right == std::vector<int>(threads, commands));
    CHECK(world.sshd().logins() <= threads);
}

TEST_CASE("callers beyond the cap wait for a place, and no longer than their deadline") {
    RemoteWorld world({.max_sessions_per_host = 1});
    std::jthread busy([&] {
        (void)world.host().exec(
            world.target(),
            {.command = fmt::format("touch {0}/begun; while [ ! -e {0}/go ]; do sleep 0.02; done",
                                    world.sshd().folder()),
             .input = {}},
            soon());
    });
    world.wait_for_file("begun");
    const auto late =
        world.host().exec(world.target(), {.command = "true", .input = {}}, Call::within(200ms));
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().kind == ErrorKind::timeout);
    CHECK(late.error().effect == Effect::none);
    write_file(world.sshd().folder() + "/go", "");
    CHECK(world.exec("echo next").out == "next\n");
    CHECK(world.sshd().logins() == 1);
}

}  // namespace hatchery::test
