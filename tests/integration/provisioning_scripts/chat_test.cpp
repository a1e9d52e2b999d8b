#include "core/chat.hpp"

#include <fmt/format.h>

#include "integration/provisioning_scripts/bot.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using test::Bot;
using test::SandboxServer;

namespace {

using namespace std::chrono_literals;

constexpr auto turns = "/var/lib/hatchery/turns";

std::string stage(SandboxServer& server, const std::string& name, const std::string& message) {
    const std::string folder = fmt::format("{}/{}", turns, name);
    server.exec("mkdir -p -m 0700 " + folder);
    server.put(core::chat_request_text({.message = message}), folder + "/request.json");
    return folder;
}

std::map<std::string, std::string> turn_in(const std::string& folder, int limit_s = 30) {
    return {{"TURN_DIR", folder}, {"LIMIT_S", std::to_string(limit_s)}, {"CONNECT_LIMIT_S", "2"}};
}

/// The model's own routes, which stand beside /v1.
e2e::ApiClient model_of(const SandboxServer& server) {
    const std::string& url = server.model_url();
    return {url.substr(0, url.rfind("/v1")), ""};
}

long long model_calls(SandboxServer& server) {
    const auto counted = model_of(server).get("/sandbox/requests");
    return base::json_int(base::json_member(counted.body, "total"), "POST /v1/chat/completions");
}

void set_faults(SandboxServer& server, const base::Json& faults) {
    REQUIRE(model_of(server).put("/sandbox/faults", faults).status == 200);
}

}  // namespace

TEST_CASE("a turn leaves its reply in a file, is said once, and tells nobody") {
    if (SandboxServer::skips()) return;
    SandboxServer server("chat");
    Bot bot(server);
    bot.bring_up();

    const auto first = stage(server, "first", "are \"you\" there?");
    const auto ended = server.run("chat_turn.sh", turn_in(first));
    INFO(ended.text());
    REQUIRE(ended.exit_code == 0);
    const auto answer = server.exec("cat " + first + "/answer.json");
    CHECK_THAT(core::chat_result(answer).value(), Catch::Contains("are \\\"you\\\" there?"));
    CHECK(server.exec(fmt::format("stat -c %a {}/answer.json", first)) == "600\n");
    CHECK(server.exec("ls " + first) == "answer.json\n");
    CHECK(ended.text().find("there?") == std::string::npos);
    CHECK(model_calls(server) == 1);

    // Again with the answer there: nothing is sent.
    CHECK(server.run("chat_turn.sh", turn_in(first)).exit_code == 0);
    CHECK(model_calls(server) == 1);

    // What stop_turn leaves of a cancelled turn keeps a frozen worker from beginning it: it stays.
    server.exec(fmt::format(": >{}/cancelled", turns));
    const auto second = stage(server, "second", "and now?");
    CHECK(server.run("chat_turn.sh", turn_in(second)).exit_code == 0);
    CHECK(server.exec(fmt::format("ls {}", turns)) == "cancelled\nsecond\n");
    CHECK(server.run("chat_turn.sh", turn_in(fmt::format("{}/none", turns))).exit_code == 80);
    CHECK(server.run("chat_turn.sh", turn_in("/etc/openclaw")).exit_code == 2);
}

TEST_CASE("each way for a turn to fail has its exit code") {
    if (SandboxServer::skips()) return;
    SandboxServer server("chat failures");
    Bot bot(server);
    bot.bring_up();
    int count = 0;
    const auto code_of = [&](int limit_s) {
        const auto folder = stage(server, fmt::format("t{}", ++count), "hello");
        const auto ended = server.run("chat_turn.sh", turn_in(folder, limit_s));
        INFO(ended.text());
        CHECK(server.try_exec("test -e " + folder + "/request.json").exit_code == 1);
        return ended.exit_code;
    };

    set_faults(server, {{"status", 401}});
    CHECK(code_of(30) == 85);
    set_faults(server, {{"status", 429}});
    CHECK(code_of(30) == 86);
    set_faults(server, {{"status", 500}});
    CHECK(code_of(30) == 87);
    set_faults(server, {{"status", 0}, {"latencyMs", 20'000}});
    CHECK(code_of(1) == 82);

    const auto folder = stage(server, "cut", "hello");
    const auto run = server.start("chat_turn.sh", turn_in(folder));
    const auto before = model_calls(server);
    server.wait_until([&] { return model_calls(server) > before; });
    server.exec("systemctl stop openclaw-gateway");
    CHECK(server.follow(run).exit_code == 83);
    CHECK(code_of(30) == 81);

    server.exec("systemctl start openclaw-gateway");
    server.exec("sed -i s/gateway-token/other-token/ /etc/openclaw/env");
    CHECK(code_of(30) == 84);
}

TEST_CASE("a turn that is stopped is stopped in OpenClaw too") {
    if (SandboxServer::skips()) return;
    SandboxServer server("chat stopped");
    Bot bot(server);
    bot.bring_up();
    set_faults(server, {{"status", 0}, {"latencyMs", 60'000}});
    const auto run = server.start("chat_turn.sh", turn_in(stage(server, "long", "think"), 300));
    server.wait_until([&] { return model_calls(server) == 1; });
    const auto call = base::Call::within(30s);
    REQUIRE(server.host().stop_run(server.target(), run, call));
    CHECK(server.follow(run).exit_code == 143);
    server.wait_until([&] {
        return server.try_exec("journalctl -u openclaw-gateway | grep -q 'a turn was stopped'")
                   .exit_code == 0;
    });
}
