#include <set>
#include <sstream>

#include "program.hpp"
#include "support/net/http_test_server.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using tests::count;
using tests::Program;

namespace {

/// Telegram, Hetzner and the public URL in one, as far as the doctor asks them.
support::WireAnswer answer_outside(const support::SeenRequest& request) {
    const auto json = [](int status, const std::string& body) {
        return support::wire_answer(status, {{"Content-Type", "application/json"}}, body);
    };
    if (request.target.starts_with("/bot")) return json(401, R"({"ok":false,"error_code":401})");
    if (request.target == "/healthz") return json(200, "{}");
    return json(401, R"({"error":{"code":"unauthorized","message":"no"}})");
}

/// All lines of output, joined.
std::string output_of(Program& program, const std::vector<std::string>& words, int code) {
    const auto child = program.start(words);
    std::string text;
    while (const auto line = child->read_line(20s)) text += *line + "\n";
    CHECK(child->wait(20s) == code);
    return text;
}

}  // namespace

TEST_CASE("the doctor looks at everything, a line each, and says what to do") {
    support::HttpTestServer outside(answer_outside);
    Program program;
    program.environment["TELEGRAM_API_URL"] = outside.url();
    program.environment["HATCHERY_PUBLIC_URL"] = outside.url();
    program.environment["HETZNER_API_URL"] = outside.url() + "/v1";
    const auto before = output_of(program, {"doctor"}, 1);
    INFO(before);
    CHECK(count(before, "fail  schema") == 1);
    CHECK(program.run({"migrate"}).first == 0);

    const auto text = output_of(program, {"doctor"}, 1);
    INFO(text);
    for (const char* line :
         {"ok    configuration", "database       PostgreSQL 15", "ok    schema         current",
          "ok    keys", " clock          ", "warn  workers", "ok    alarms", "fail  hetzner",
          "ok    telegram", "ok    public URL", "warn  sign-in", "fail  bundle"}) {
        CAPTURE(line);
        CHECK(count(text, line) >= 1);
    }
    CHECK(count(text, "HETZNER_API_TOKEN") >= 1);
    CHECK(count(text, "hatchery bundle build") >= 1);

    // Everything away, and a configuration that is wrong: still a line each.
    program.environment["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none";
    program.environment["TELEGRAM_API_URL"] = "http://127.0.0.1:1";
    program.environment["HATCHERY_PUBLIC_URL"] = "https://127.0.0.1:1";
    program.environment["HATCHERY_MASTER_KEY"] = "short";
    const auto away = output_of(program, {"doctor", "--json"}, 1);
    INFO(away);
    for (const char* check : {"configuration", "database", "telegram", "public URL"}) {
        CAPTURE(check);
        CHECK(count(away, std::string("\"check\": \"") + check) >= 1);
    }
}

TEST_CASE("a support bundle tells what happened, and none of the secrets") {
    Program program;
    const std::map<std::string, std::string> secrets{
        {"HETZNER_API_TOKEN", "MARKhetzner0123456789"},
        {"ANTHROPIC_API_KEY", "MARKanthropic0123456789"},
        {"GOOGLE_CLIENT_SECRET", "MARKgoogle0123456789"},
        {"HATCHERY_ALARM_WEBHOOK_SECRET", "MARKalarm0123456789"},
        {"HATCHERY_BILLING_WEBHOOK_SECRET", "MARKbilling0123456789MARKbilling0123456789"},
        {"SENTRY_DSN", "http://MARKsentry0123456789@127.0.0.1:1/1"}};
    for (const auto& [name, value] : secrets) program.environment[name] = value;
    program.environment["GOOGLE_CLIENT_ID"] = "client";
    program.environment["HATCHERY_ADMIN_EMAILS"] = "MARKada@example.org";
    program.environment["HATCHERY_ADMIN_LISTEN"] = "127.0.0.1:1";
    CHECK(program.run({"migrate"}).first == 0);
    const auto token = program.run({"token", "create", "--user", "MARKbob@example.org"}).second;
    const auto planted = program.database->pool().run([](store::Sql& sql) -> base::Result<void> {
        sql.script(
            "INSERT INTO bots (id, public_id, user_id, name, model, provider, telegram_mode, "
            "status, created_at, updated_at) SELECT id, 'p', id, 'MARKname', 'm', 'hetzner', "
            "'polling', 'failed', now(), now() FROM users;"
            "INSERT INTO events (bot_id, seq, at, type, level, stream, message) "
            "SELECT id, 1, now(), 'log', 'error', 'stdout', 'no route for MARKeve@example.org, "
            "123456789:MARKAAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw, key MARKhetzner0123456789' "
            "FROM bots");
        return {};
    });
    REQUIRE(planted);
    const auto [code, line] = program.run({"support-bundle", "--output", "bundle.json"});
    CHECK(code == 0);
    CHECK(line.starts_with("wrote bundle.json"));
    const auto text = program.read("bundle.json");
    CHECK(count(text, "no route for") == 1);
    for (const char* part : {"\"doctor\"", "\"operations\"", "\"alarms\"", "\"workers\"",
                             "0001_initial.sql", "HATCHERY_LEASE_SECONDS", "\"metrics\""}) {
        CAPTURE(part);
        CHECK(count(text, part) >= 1);
    }
    // No marker: neither of a secret nor of a person.
    INFO(text);
    CHECK(count(text, "MARK") == 0);
    CHECK(count(text, token) == 0);
    CHECK(count(text, "AAAAAAAAAAAA") == 0);
    // It takes the place of no other file.
    CHECK(program.run({"support-bundle", "--output", "bundle.json"}).first == 1);
}

TEST_CASE("every command explains itself, knows JSON, and is in the manual and the completion") {
    Program program;
    const auto help = output_of(program, {"--help"}, 0);
    const auto manual = output_of(program, {"manual"}, 0);
    const auto bash = output_of(program, {"completion", "bash"}, 0);
    const std::set<std::string> without_json{"serve", "worker", "completion", "manual",
                                             "bundle build"};
    std::istringstream lines(help.substr(help.find("Commands:\n") + 10));
    int commands = 0;
    for (std::string line; std::getline(lines, line) && line.starts_with("  "); ++commands) {
        const auto name = line.substr(2, line.find("  ", 2) - 2);
        CAPTURE(name);
        std::vector<std::string> words;
        std::istringstream in(name);
        for (std::string word; in >> word;) words.push_back(word);
        words.emplace_back("--help");
        const auto text = output_of(program, words, 0);
        CHECK(text.starts_with("usage: hatchery " + name));
        CHECK((count(text, "--json") > 0) == (without_json.count(name) == 0));
        CHECK(count(bash, "'" + name + "') options=") == 1);
        words.back() = "--no-such-option";
        CHECK(program.run(words).first == 2);
    }
    CHECK(commands > 25);
    CHECK(count(manual, ".SS ") == commands);
}
