#include <csignal>
#include <map>
#include <set>
#include <sstream>

#include "program.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using tests::count;
using tests::Program;

namespace {

using Words = std::vector<std::string>;

const std::string line_rule = "The audit log gets a line of each run, however it ends.";
const std::string start_rule = "The audit log gets a line of each start.";
const std::string api_rule = "The audit log gets a line of what it changes, from the API.";
const std::string nothing_rule = "The audit log gets nothing of it: it concerns no installation.";

Words words_of(const std::string& text) {
    std::istringstream in(text);
    Words words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

std::string output_of(Program& program, const Words& words) {
    const auto child = program.start(words);
    std::string text;
    while (const auto line = child->read_line(20s)) text += *line + "\n";
    CHECK(child->wait(20s) == 0);
    return text;
}

/// The names of all commands, as the program's own help lists them.
std::vector<std::string> commands_of(Program& program) {
    const auto help = output_of(program, {"--help"});
    std::istringstream lines(help.substr(help.find("Commands:\n") + 10));
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line) && line.starts_with("  ");) {
        names.push_back(line.substr(2, line.find("  ", 2) - 2));
    }
    return names;
}

std::string rule_of(Program& program, const std::string& name) {
    Words words = words_of(name);
    words.emplace_back("--help");
    const auto help = output_of(program, words);
    for (const auto& rule : {line_rule, start_rule, api_rule, nothing_rule}) {
        if (count(help, rule) == 1) return rule;
    }
    return "none";
}

std::string query(Program& program, const std::string& statement) {
    return program.database->pool()
        .run([&](store::Sql& sql) -> base::Result<std::string> {
            const auto rows = sql.query(statement);
            return rows.empty() ? std::string() : rows[0].text_or_empty(0);
        })
        .value();
}

/// The newest line of an operator's: action, target and outcome.
std::string newest_line(Program& program) {
    return query(program,
                 "SELECT action || '|' || outcome FROM audit_log WHERE actor = 'operator' "
                 "AND actor_name <> '' AND address <> '' ORDER BY seq DESC LIMIT 1");
}

/// How each of the operator's commands is run, by name; one that is not here fails the test.
const std::map<std::string, Words> operators_commands{
    {"migrate", {}},
    {"token create", {"--user", "a@example.org"}},
    {"token list", {"--user", "a@example.org"}},
    // Somebody takes the token for its id: it must not get into the log.
    {"token revoke", {"hat_MARKtoken0123456789"}},
    {"user release", {"--user", "a@example.org"}},
    {"user role", {"--user", "a@example.org", "--role", "support"}},
    {"config check", {}},
    {"bundle build", {"--version", "no-such-version", "--output", "/dev/null/none"}},
    {"bundle list", {}},
    {"keys status", {}},
    {"keys rotate", {}},
    {"doctor", {}},
    {"support-bundle", {"--output", "-"}},
};

void check_start_is_noted(Program& program, const std::string& name) {
    const auto child = program.start({name});
    REQUIRE(child->read_line(20s).value_or("").find("is ready") != std::string::npos);
    CHECK(newest_line(program) == name + "|0");
    child->signal(SIGTERM);
    CHECK(child->wait(20s) == 0);
}

}  // namespace

TEST_CASE("every command has its rule for the audit log, and an operator's leaves a line") {
    Program program;
    program.environment["HETZNER_API_TOKEN"] = "MARKhetzner0123456789";
    REQUIRE(program.run({"migrate"}).first == 0);
    int noted = 0;
    std::set<std::string> untold;
    std::set<std::string> started;
    for (const auto& name : commands_of(program)) {
        CAPTURE(name);
        const auto rule = rule_of(program, name);
        CHECK(rule != "none");
        if (rule == nothing_rule) untold.insert(name);
        if (rule == start_rule) {
            started.insert(name);
            check_start_is_noted(program, name);
        }
        if (rule != line_rule) continue;
        ++noted;
        const auto arguments = operators_commands.find(name);
        REQUIRE(arguments != operators_commands.end());
        Words words = words_of(name);
        words.insert(words.end(), arguments->second.begin(), arguments->second.end());
        const auto lines = query(program, "SELECT count(*) FROM audit_log");
        const int code = program.run(words).first;
        CHECK(query(program, "SELECT count(*) - " + lines + " FROM audit_log") == "1");
        const auto action = name == "user role" ? "user role support" : name;
        CHECK(newest_line(program) == action + "|" + std::to_string(code));
    }
    CHECK(noted == static_cast<int>(operators_commands.size()));
    CHECK(started == std::set<std::string>{"serve", "worker"});
    CHECK(untold == std::set<std::string>{"completion", "manual"});
    CHECK(query(program,
                "SELECT count(*) FROM audit_log a WHERE a::text LIKE '%MARK%' "
                "OR a::text LIKE '%AAAAAAAAAAAA%' OR a::text LIKE '%hat\\_%'") == "0");
}

TEST_CASE("an operator's commands that end badly leave their line, too") {
    Program program;
    REQUIRE(program.run({"migrate"}).first == 0);
    program.environment["HATCHERY_MASTER_KEY"] = "short";
    for (const auto& words :
         std::vector<Words>{{"keys", "status"}, {"keys", "rotate"}, {"config", "check"}}) {
        const auto name = words[0] + " " + words[1];
        CAPTURE(name);
        const int code = program.run(words).first;
        CHECK(code == 78);
        CHECK(newest_line(program) == name + "|78");
    }
}

TEST_CASE("commands that only look do so before the first migration, and say so in one sentence") {
    Program program;
    CHECK(program.run({"bundle", "list"}).first == 0);
    CHECK(count(program.log(),
                "The audit log has no line of this: The database is not migrated yet: run "
                "`hatchery migrate`.\n") == 1);
    CHECK(program.run({"doctor"}).first == 1);
    CHECK(count(program.log(), "not migrated yet: run `hatchery migrate`.\n") == 2);
    CHECK(count(program.log(), "statement_refused") == 0);
}

TEST_CASE("commands that only look do so without a database, and say that there is no line") {
    Program program;
    const std::string told = "The audit log has no line of this: ";
    int looked = 0;
    for (const char* url : {"", "postgresql://nobody@127.0.0.1:1/none"}) {
        program.environment["DATABASE_URL"] = url;
        CAPTURE(url);
        const auto [listed, first] = program.run({"bundle", "list"});
        CHECK(listed == 0);
        CHECK(count(program.log(), told) == ++looked);
        const auto [checked, setting] = program.run({"config", "check"});
        CHECK(checked == (*url == '\0' ? 78 : 0));
        CHECK(!setting.empty());
        CHECK(count(program.log(), told) == ++looked);
        const auto [examined, finding] = program.run({"doctor"});
        CHECK(examined == 1);
        CHECK(!finding.empty());
        CHECK(count(program.log(), told) == ++looked);
    }
    CHECK(count(program.log(), told + "DATABASE_URL names no database.") == 3);
}
