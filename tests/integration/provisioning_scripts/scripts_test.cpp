#include <fmt/format.h>

#include <fstream>

#include "integration/provisioning_scripts/bot.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using test::Bot;
using test::SandboxServer;

namespace {

using namespace std::chrono_literals;

std::string webhook_answer(SandboxServer& server, const std::string& path,
                           const std::string& secret) {
    return server.exec(fmt::format(
        "curl -s -o /dev/null -w '%{{http_code}}' -H 'X-Telegram-Bot-Api-Secret-Token: {}' "
        "-d '{{\"update_id\":1}}' http://127.0.0.1:8787{}",
        secret, path));
}

}  // namespace

TEST_CASE("every script succeeds, succeeds again without a change, and the bot answers") {
    if (SandboxServer::skips()) return;
    SandboxServer server("in-order");
    Bot bot(server);

    for (const auto& script : test::in_order) {
        bot.succeed(script);
        const auto again = bot.succeed(script);
        if (script == "deploy_openclaw.sh")
            CHECK(again.facts.at("release_state") == "already_current");
        if (script == "configure_bot.sh") CHECK(again.facts.at("config") == "unchanged");
    }
    CHECK(server.exec("systemctl show -p LimitCORE --value openclaw-gateway") == "0\n");
    CHECK(webhook_answer(server, "/hooks/telegram/x", "hook-secret") == "200");
    CHECK(webhook_answer(server, "/hooks/telegram/x", "wrong") == "401");
    CHECK(webhook_answer(server, "/hooks/telegram/y", "hook-secret") == "404");

    bot.settings().webhook = std::nullopt;
    bot.next_operation();
    CHECK(bot.succeed("configure_bot.sh").facts.at("config") == "changed");
    bot.succeed("start_bot.sh");
    CHECK(bot.chat("are you there?") == "Stand-in heard: are you there?");

    CHECK(bot.succeed("stop_bot.sh").facts.at("stopped") == "clean");
    CHECK(bot.succeed("stop_bot.sh").facts.at("stopped") == "was_stopped");
}

TEST_CASE("a script that was killed anywhere is run again and ends well") {
    if (SandboxServer::skips()) return;
    SandboxServer server("killed");
    Bot bot(server);
    auto scripts = test::in_order;
    scripts.emplace_back("stop_bot.sh");

    for (const auto& script : scripts) {
        for (std::size_t lines = 0; lines < 4; ++lines) {
            const auto id = server.start(script, bot.prepare(script));
            server.follow(id, lines);
            server.kill_run(id);
            const auto ended = server.follow(id);
            INFO(script << " killed after " << lines << " lines: " << ended.text());
            // It may have been quicker than the kill.
            CHECK((ended.state == ports::RunState::lost || ended.exit_code == 0));
        }
        bot.succeed(script);
        bot.next_operation();
    }
}

TEST_CASE("what a killed useradd left behind does not keep a server from getting ready") {
    if (SandboxServer::skips()) return;
    SandboxServer server("half-a-user");
    Bot bot(server);
    const auto group_of_user = [&] { return server.exec("id -gn openclaw"); };

    // It writes the user before the group that it makes for it.
    server.exec("useradd --system --user-group --no-create-home openclaw && groupdel -f openclaw");
    REQUIRE(server.exec("getent passwd openclaw | wc -l; getent group openclaw | wc -l") ==
            "1\n0\n");
    bot.succeed("install_dependencies.sh");
    CHECK(group_of_user() == "openclaw\n");

    // Its lock, when the number of its process has gone to another one since.
    server.exec(
        "userdel openclaw; groupdel openclaw; printf 1 | tee /etc/passwd.lock >/etc/group.lock");
    bot.succeed("install_dependencies.sh");
    CHECK(group_of_user() == "openclaw\n");
    CHECK(server.exec("ls /etc/*.lock 2>/dev/null | wc -l") == "0\n");

    server.exec("userdel openclaw; groupadd --system openclaw || true");
    bot.succeed("install_dependencies.sh");
    CHECK(group_of_user() == "openclaw\n");
}

TEST_CASE("the same restart happens once, the next one again") {
    if (SandboxServer::skips()) return;
    SandboxServer server("restart");
    Bot bot(server);
    for (const auto& script : test::in_order) bot.succeed(script);
    const auto run_of_service = [&] {
        return server.exec("systemctl show -p InvocationID --value openclaw-gateway");
    };

    const auto first = run_of_service();
    bot.succeed("start_bot.sh");
    CHECK(run_of_service() == first);
    bot.next_operation();
    bot.succeed("start_bot.sh");
    CHECK(run_of_service() != first);
}

TEST_CASE("a start applies what was installed after the service started, once") {
    if (SandboxServer::skips()) return;
    SandboxServer server("outdated");
    Bot bot(server);
    for (const auto& script : test::in_order) bot.succeed(script);
    auto environment = bot.prepare("start_bot.sh");
    environment["ACTION"] = "start";
    const auto run_after_start = [&] {
        const auto started = server.run("start_bot.sh", environment);
        INFO(started.text());
        REQUIRE(started.exit_code == 0);
        return server.exec("systemctl show -p InvocationID --value openclaw-gateway");
    };
    const std::string before = run_after_start();
    CHECK(run_after_start() == before);

    // A reconfiguration that was cancelled before its restart.
    bot.settings().gateway_token = base::Secret("another-token");
    CHECK(bot.succeed("configure_bot.sh").facts.at("config") == "changed");
    const std::string configured = run_after_start();
    CHECK(configured != before);
    CHECK(server.exec("tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value "
                      "openclaw-gateway)/environ | grep ^OPENCLAW_GATEWAY_TOKEN=") ==
          "OPENCLAW_GATEWAY_TOKEN=another-token\n");
    CHECK(run_after_start() == configured);

    server.exec(
        "cd /opt/openclaw && cp -P current current.partial && mv -Tf current.partial "
        "current");
    const std::string released = run_after_start();
    CHECK(released != configured);
    CHECK(run_after_start() == released);
}

TEST_CASE("a command that fails inside a function is named and has the documented exit code") {
    if (SandboxServer::skips()) return;
    SandboxServer server("unexpected");
    Bot bot(server);
    for (const std::string script : {"install_dependencies.sh", "deploy_openclaw.sh"}) {
        bot.succeed(script);
    }
    server.exec("mkdir -p /etc/openclaw/env.partial/env");
    const auto ended = bot.run("configure_bot.sh");
    INFO(ended.text());
    CHECK(ended.exit_code == 1);
    CHECK(ended.text().find("the command failed") != std::string::npos);
}

TEST_CASE("each cause of failure has its exit code, and what worked is kept") {
    if (SandboxServer::skips()) return;
    SandboxServer server("failures");
    Bot bot(server);
    bot.succeed("install_dependencies.sh");

    auto environment = bot.prepare("deploy_openclaw.sh");
    environment["BUNDLE_SHA256"] = std::string(64, 'a');
    CHECK(server.run("deploy_openclaw.sh", environment).exit_code == 31);
    CHECK(server.run("deploy_openclaw.sh", environment).exit_code == 30);
    CHECK(bot.run("configure_bot.sh").exit_code == 42);
    CHECK(bot.run("start_bot.sh").exit_code == 56);
    bot.succeed("deploy_openclaw.sh");
    CHECK(
        server.run("configure_bot.sh", {{"STAGE_DIR", "/var/lib/hatchery/stage/none"}}).exit_code ==
        40);
    bot.succeed("configure_bot.sh");

    environment = bot.prepare("configure_bot.sh");
    server.put("{\"gateway-token\": true}", environment["STAGE_DIR"] + "/openclaw.json");
    const auto invalid = server.run("configure_bot.sh", environment);
    INFO(invalid.text());
    CHECK(invalid.exit_code == 41);
    CHECK(invalid.text().find("[OPENCLAW_GATEWAY_TOKEN]") != std::string::npos);
    CHECK(invalid.text().find("gateway-token") == std::string::npos);
    bot.succeed("start_bot.sh");

    // The bot is known to Telegram by another secret.
    const std::string wrong = "7000000001:BBHd1mmyT0kenDummyT0kenDummyT0kenDu";
    bot.settings().telegram_token = base::Secret(wrong);
    bot.next_operation();
    bot.succeed("configure_bot.sh");
    const auto refused = bot.run("start_bot.sh");
    INFO(refused.text());
    CHECK(refused.exit_code == 54);
    CHECK(refused.text().find(wrong) == std::string::npos);
}

TEST_CASE("secrets that a failed check left behind go with the next configuration") {
    if (SandboxServer::skips()) return;
    SandboxServer server("stages");
    Bot bot(server);
    bot.succeed("install_dependencies.sh");
    bot.succeed("deploy_openclaw.sh");
    const auto stages = [&] { return server.exec("ls /var/lib/hatchery/stage"); };

    const std::string openclaw = server.exec("realpath /opt/openclaw/current/bin/openclaw");
    const std::string path = openclaw.substr(0, openclaw.find('\n'));
    server.exec("mv " + path + " /root/openclaw && printf '#!/bin/sh\\nexit 9\\n' >" + path +
                " && chmod 755 " + path);
    CHECK(bot.run("configure_bot.sh").exit_code == 43);
    CHECK(stages() == "s1\n");
    server.exec("mv -f /root/openclaw " + path);
    bot.succeed("configure_bot.sh");
    CHECK(stages().empty());
}

TEST_CASE("systemd reads back exactly what the environment file was written from") {
    if (SandboxServer::skips()) return;
    SandboxServer server("environment");
    std::string value = " '";
    for (char c = 0x20; c < 0x7f; ++c) value += c;
    value += "\xC3\xBC \\\\ $HOME ${HOME} `id` \\n # ; end\\";
    const auto line = core::environment_line("VALUE", value);
    REQUIRE(line);
    server.put(*line + *core::environment_line("NEXT", "next"), "/root/env");

    CHECK(server.exec("systemd-run --quiet --pipe --wait -p EnvironmentFile=/root/env "
                      "python3 -c 'import os; print(os.environ[\"VALUE\"], end=\"\")'") == value);
    CHECK(server.exec("systemd-run --quiet --pipe --wait -p EnvironmentFile=/root/env "
                      "printenv NEXT") == "next\n");
}

TEST_CASE("the host key is replaced once, and both phases may be repeated") {
    if (SandboxServer::skips()) return;
    SandboxServer server("host-key");
    server.exec("mkdir -p /var/lib/hatchery");
    std::ifstream script(HATCHERY_SOURCE_DIR "/provisioning-scripts/rotate_host_key.sh");
    server.put(std::string(std::istreambuf_iterator<char>(script), {}),
               "/var/lib/hatchery/rotate.sh");
    const auto phase = [&](const std::string& name) {
        return server.try_exec("bash /var/lib/hatchery/rotate.sh " + name);
    };
    const auto key_of = [](const std::string& out) {
        const auto at = out.find("host_key=") + 9;
        return out.substr(at, out.find('\n', at) - at);
    };

    server.exec("mkdir /root/broken && ln -s /bin/false /root/broken/ssh-keygen");
    const auto broken =
        server.try_exec("PATH=/root/broken:$PATH bash /var/lib/hatchery/rotate.sh prepare");
    CHECK(broken.exit_code == 70);
    CHECK(broken.err.find("the command failed") != std::string::npos);
    CHECK(phase("activate").exit_code == 71);
    const auto prepared = key_of(phase("prepare").out);
    CHECK(key_of(phase("prepare").out) == prepared);
    CHECK(prepared != server.target().host_keys.front());
    const auto activated = phase("activate");
    CHECK(activated.exit_code == 0);
    CHECK(key_of(activated.out) == prepared);
    server.host().forget(server.target());
    const auto refused = server.host().exec(server.target(), {.command = "true", .input = {}},
                                            base::Call::within(20s));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "host_key_mismatch");

    server.target().host_keys = {prepared};
    CHECK(phase("activate").out.find("already_active") != std::string::npos);
    CHECK(key_of(phase("prepare").out) == prepared);
    CHECK(server.exec("ls /etc/ssh/ssh_host_*") ==
          "/etc/ssh/ssh_host_ed25519_key\n/etc/ssh/ssh_host_ed25519_key.pub\n");
    server.reset();
    CHECK(key_of(phase("prepare").out) == prepared);
}
