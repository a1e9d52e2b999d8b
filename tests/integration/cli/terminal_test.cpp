#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/net/http_test_server.hpp"
#include "support/processes/child_process.hpp"
#include "support/processes/terminal_process.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

const std::string bot_id = "01a1fce5-2558-7244-ac69-0aae75d4accc";
const std::string operation_id = "01a1fce5-2566-7dce-9846-00f183ed552f";

json step(const char* kind, const char* state, const char* message) {
    json made = {{"kind", kind}, {"state", state}, {"message", message}};
    if (std::string(state) != "pending") made["startedAt"] = "2026-11-21T06:00:00.000Z";
    if (std::string(state) == "succeeded") made["finishedAt"] = "2026-11-21T06:00:04.200Z";
    return made;
}

/// An API with one bot, whose restart goes a little further with each question.
class StandInApi {
public:
    [[nodiscard]] std::string url() const { return server_.url(); }
    [[nodiscard]] int count(const std::string& method, const std::string& target) const {
        int found = 0;
        for (const auto& request : server_.requests()) {
            if (request.method == method && request.target == target) ++found;
        }
        return found;
    }

private:
    support::WireAnswer answer(const support::SeenRequest& request) {
        const std::lock_guard lock(mutex_);
        const json bot = {{"id", bot_id},
                          {"name", "mine"},
                          {"telegramUsername", "mine_bot"},
                          {"model", "m/m"},
                          {"status", "active"}};
        if (request.target == "/api/me") return with(200, {{"email", "ada@example.org"}});
        if (request.target == "/api/bots/" + bot_id && request.method == "GET") {
            return with(200, bot);
        }
        if (request.target.starts_with("/api/bots?") || request.target == "/api/bots") {
            return with(200, {{"items", json::array({bot})}, {"next", nullptr}});
        }
        if (request.target.ends_with("?plan=true")) {
            return with(200, {{"plan",
                               {{"server", {{"name", "h1"}, {"provider", "hetzner"}}},
                                {"secrets", "all of them"}}}});
        }
        if (request.target == "/api/operations/" + operation_id) return with(200, operation());
        return with(202, {{"operationId", operation_id},
                          {"botId", bot_id},
                          {"operation", {{"kind", "restart"}}}});
    }
    json operation() {
        const int at = asked_++;
        const bool first = at >= 2;
        const bool second = at >= 4;
        return {{"id", operation_id},
                {"kind", "restart"},
                {"state", second ? "succeeded" : "running"},
                {"error", nullptr},
                {"steps",
                 {step("stop_bot", first ? "succeeded" : "running", "stopping the gateway"),
                  step("start_bot", second ? "succeeded" : (first ? "waiting" : "pending"),
                       "waiting for the gateway")}}};
    }
    static support::WireAnswer with(int status, const json& body) {
        return support::wire_answer(status, {{"Content-Type", "application/json"}}, body.dump());
    }

    std::mutex mutex_;
    int asked_ = 0;
    support::HttpTestServer server_{
        [this](const support::SeenRequest& request) { return answer(request); }};
};

/// A user with a home and nothing else.
class Person {
public:
    Person() {
        std::string pattern = (fs::temp_directory_path() / "hatchery-terminal-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        home = pattern;
    }
    ~Person() { fs::remove_all(home); }

    [[nodiscard]] std::map<std::string, std::string> environment(const StandInApi& api) const {
        return {{"HOME", home.string()},
                {"XDG_CONFIG_HOME", ""},
                {"HATCHERY_API_URL", api.url()},
                {"HATCHERY_TOKEN", logged_in ? "" : "hat_token"}};
    }
    [[nodiscard]] static std::vector<std::string> command(const std::vector<std::string>& words) {
        std::vector<std::string> all{HATCHERY_PROGRAM};
        all.insert(all.end(), words.begin(), words.end());
        return all;
    }
    [[nodiscard]] std::unique_ptr<support::TerminalProcess> at_terminal(
        const StandInApi& api, const std::vector<std::string>& words) const {
        return std::make_unique<support::TerminalProcess>(command(words), environment(api),
                                                          home.string());
    }
    /// What goes into a pipe, and the exit code.
    [[nodiscard]] std::pair<std::string, int> in_pipe(const StandInApi& api,
                                                      const std::vector<std::string>& words) const {
        support::ChildProcess child({.command = command(words),
                                     .environment = environment(api),
                                     .working_directory = home.string(),
                                     .log_path = (home / "log").string(),
                                     .capture_output = true});
        std::string text;
        while (const auto line = child.read_line(20s)) text += *line + "\n";
        return {text, child.wait(20s).value_or(-1)};
    }

    fs::path home;
    bool logged_in = false;
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a table has a heading on a terminal, and plain rows in a pipe") {
    const StandInApi api;
    const Person person;
    const auto terminal = person.at_terminal(api, {"bots"});
    REQUIRE(terminal->wait(20s) == 0);
    CHECK(terminal->screen().starts_with("ID "));
    CHECK(contains(terminal->screen(), "@mine_bot"));
    const auto [text, code] = person.in_pipe(api, {"bots"});
    CHECK(code == 0);
    CHECK(text.starts_with(bot_id));
    CHECK_FALSE(contains(text, "\033"));
}

TEST_CASE("waiting shows what is going on at a terminal, and leaves one line a step") {
    const std::string lines =
        "stop_bot               succeeded       4.2 s  stopping the gateway\n"
        "start_bot              succeeded       4.2 s  waiting for the gateway\n";
    const Person person;
    SECTION("at a terminal") {
        const StandInApi api;
        const auto terminal = person.at_terminal(api, {"restart", bot_id, "--wait", "--yes"});
        REQUIRE(terminal->wait(20s) == 0);
        INFO(terminal->output());
        CHECK(contains(terminal->output(), "\r\033[Kstop_bot running stopping the gateway"));
        CHECK(contains(terminal->output(), "\r\033[Kstart_bot waiting waiting for the gateway"));
        CHECK(terminal->screen() == lines);
    }
    SECTION("in a pipe") {
        const StandInApi api;
        const auto [text, code] = person.in_pipe(api, {"restart", bot_id, "--wait"});
        CHECK(code == 0);
        CHECK(text == lines);
    }
}

TEST_CASE("a person is asked at the terminal, and a script is not") {
    const std::string path = "/api/deploy/" + bot_id + "/stop";
    const StandInApi api;
    const Person person;
    const auto no = person.at_terminal(api, {"stop", bot_id});
    REQUIRE(no->wait_for("[y/N] ", 20s));
    CHECK(contains(no->output(), "stays: its server"));
    no->type("n\n");
    CHECK(no->wait(20s) == 1);
    CHECK(api.count("POST", path) == 0);
    const auto yes = person.at_terminal(api, {"stop", bot_id});
    REQUIRE(yes->wait_for("[y/N] ", 20s));
    yes->type("y\n");
    CHECK(yes->wait(20s) == 0);
    CHECK(api.count("POST", path) == 1);
    CHECK(person.in_pipe(api, {"stop", bot_id}).second == 0);
    CHECK(api.count("POST", path) == 2);
}

TEST_CASE("destroy wants the name typed at a terminal, and --yes in a script") {
    const std::string path = "/api/bots/" + bot_id;
    const StandInApi api;
    const Person person;
    CHECK(person.in_pipe(api, {"destroy", bot_id}).second == 2);
    CHECK(api.count("DELETE", path) == 0);
    const auto terminal = person.at_terminal(api, {"destroy", bot_id});
    REQUIRE(terminal->wait_for("Type the bot's name", 20s));
    CHECK(contains(terminal->output(), "its server h1 at hetzner"));
    CHECK(contains(terminal->output(), "What stays: @mine_bot"));
    terminal->type("mine\n");
    CHECK(terminal->wait(20s) == 0);
    CHECK(api.count("DELETE", path) == 1);
}

TEST_CASE("login takes the token at the terminal without showing it, and later commands use it") {
    const StandInApi api;
    Person person;
    person.logged_in = true;
    const auto terminal = person.at_terminal(api, {"login"});
    REQUIRE(terminal->wait_for("API address [" + api.url() + "]: ", 20s));
    terminal->type("\n");
    REQUIRE(terminal->wait_for("API token", 20s));
    // The program turns the echo off right behind its question.
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (terminal->echoes()) REQUIRE(std::chrono::steady_clock::now() < deadline);
    terminal->type("hat_typed_token\n");
    CHECK(terminal->wait(20s) == 0);
    CHECK(contains(terminal->output(), "ada@example.org"));
    CHECK_FALSE(contains(terminal->output(), "hat_typed_token"));
    const auto mode = fs::status(person.home / ".config/hatchery/login").permissions();
    CHECK(mode == (fs::perms::owner_read | fs::perms::owner_write));
    CHECK(person.in_pipe(api, {"bots"}).second == 0);
    CHECK(person.in_pipe(api, {"logout"}).second == 0);
    CHECK(person.in_pipe(api, {"bots"}).second == 78);
}
