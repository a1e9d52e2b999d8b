#include "cli/command.hpp"

#include <algorithm>

#include "cli_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using cli::ExitCode;
using tests::CliWorld;

namespace {

bool contains(const std::ostringstream& text, const std::string& part) {
    return text.str().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every command explains itself and its exit codes") {
    for (const auto& command : cli::client_commands()) {
        CAPTURE(command.name);
        CliWorld world;
        CHECK(world.run({command.name, "--help"}) == ExitCode::ok);
        CHECK(contains(world.out, "usage: hatchery " + command.name));
        CHECK(contains(world.out, "69  the API"));
        for (const auto& option : command.options) {
            CHECK(contains(world.out, "--" + std::string(option.name)));
        }
        CHECK(world.http.requests().empty());
    }
}

TEST_CASE("an unknown command, option or word is a usage error that names it") {
    struct Row {
        std::vector<std::string> words;
        const char* named;
    };
    const Row rows[] = {
        {{"depoly"}, "'depoly'"},
        {{"bots", "--jsno"}, "--jsno"},
        {{"bots", "extra"}, "'extra'"},
        {{"status"}, "BOT is missing"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.named);
        CliWorld world;
        CHECK(world.run(row.words) == ExitCode::usage);
        CHECK(contains(world.err, row.named));
        CHECK(world.out.str().empty());
        CHECK(world.http.requests().empty());
    }
}

TEST_CASE("the first word of several commands, and help with a name, explain them") {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"cloud", "--help"}, {"help", "cloud"}}) {
        CAPTURE(words);
        CliWorld world;
        CHECK(world.run(words) == ExitCode::ok);
        CHECK(contains(world.out, "hatchery cloud sweep      compares"));
    }
    CliWorld named;
    CHECK(named.run({"help", "cloud", "sweep"}) == ExitCode::ok);
    CHECK(contains(named.out, "usage: hatchery cloud sweep"));
    CliWorld wrong;
    CHECK(wrong.run({"cloud", "swep"}) == ExitCode::usage);
    CHECK(contains(wrong.err, "unknown command 'cloud swep'"));
    CHECK(contains(wrong.err, "hatchery cloud sweep"));
}

TEST_CASE("no command is a usage error that shows the commands") {
    CliWorld world;
    CHECK(world.run({}) == ExitCode::usage);
    CHECK(contains(world.err, "deploy"));
}

TEST_CASE("a wrong configuration ends with 78 and says everything at once") {
    CliWorld world;
    world.environment = {{"PORT", "none"}};
    CHECK(world.run({"bots"}) == ExitCode::config);
    CHECK(contains(world.err, "PORT"));
    CHECK(contains(world.err, "HATCHERY_TOKEN"));
    CHECK(world.http.requests().empty());
}

TEST_CASE("a value of which there are only some is refused with all of them") {
    struct Row {
        std::vector<std::string> words;
        const char* named;
    };
    const Row rows[] = {
        {{"users", "list", "--standing", "rich"}, "active, cancelled, grace, expired, none"},
        {{"users", "plan", "a@example.org", "gold", "--until", "never"},
         "starter, pro, enterprise"},
        {{"users", "plan", "a@example.org", "pro"}, "--until is missing"},
        {{"deploy", "--name", "x", "--model", "y", "--telegram-mode", "fax"}, "webhook, polling"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.named);
        CliWorld world;
        CHECK(world.run(row.words) == ExitCode::usage);
        CHECK(contains(world.err, row.named));
        CHECK(world.http.requests().empty());
    }
}

TEST_CASE("every command of the API's client prints JSON when asked to") {
    for (const auto& command : cli::client_commands()) {
        CAPTURE(command.name);
        CHECK(std::any_of(command.options.begin(), command.options.end(),
                          [](const auto& option) { return option.name == "json"; }));
    }
}
