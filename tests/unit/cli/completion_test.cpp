#include "cli/completion.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/commands.hpp"
#include "cli/manual.hpp"
#include "support/catch.hpp"

using namespace hatchery;
namespace fs = std::filesystem;

namespace {

std::vector<cli::Command> table() {
    auto commands = cli::client_commands();
    commands.push_back(cli::completion_command(table));
    commands.push_back(cli::manual_command(table));
    return commands;
}

bool has_program(const std::string& name) {
    return std::system(("command -v " + name + " >/dev/null").c_str()) == 0;
}

/// What the shell command prints on both streams, with `script` as its file $1.
std::string shell(const std::string& command, const std::string& script) {
    std::string pattern = (fs::temp_directory_path() / "hatchery-completion-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    const fs::path folder = pattern;
    std::ofstream(folder / "command.sh") << command;
    std::ofstream(folder / "_hatchery") << script;
    std::FILE* pipe = popen(("bash '" + (folder / "command.sh").string() + "' '" +
                             (folder / "_hatchery").string() + "' 2>&1")
                                .c_str(),
                            "r");
    REQUIRE(pipe != nullptr);
    std::string text;
    char buffer[4096];
    for (std::size_t count = 0; (count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
        text.append(buffer, count);
    }
    CHECK(pclose(pipe) == 0);
    fs::remove_all(folder);
    return text;
}

/// What bash offers for these words; the last one is being typed.
std::string offered(const std::string& words) {
    return shell(
        "source \"$1\"; COMP_WORDS=(" + words +
            "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _hatchery; echo \"${COMPREPLY[*]}\"",
        cli::bash_completion(table()));
}

}  // namespace

TEST_CASE("bash completes commands, second words, options and their values") {
    CHECK(offered("hatchery dep") == "deploy\n");
    CHECK(offered("hatchery users ''") == "list show plan\n");
    CHECK(offered("hatchery users list --pl") == "--plan\n");
    CHECK(offered("hatchery users list --plan ''") == "starter pro enterprise\n");
    CHECK(offered("hatchery logs mine --level w") == "warning\n");
    CHECK(offered("hatchery completion ''") == "bash zsh\n");
    CHECK(offered("hatchery deploy --name ''") == "\n");
    CHECK(offered("hatchery nonsense ''") == "\n");
}

TEST_CASE("bash and zsh know every command and every option of the table") {
    const auto bash = cli::bash_completion(table());
    const auto zsh = cli::zsh_completion(table());
    for (const auto& command : table()) {
        CAPTURE(command.name);
        CHECK(bash.find("'" + command.name + "') options=") != std::string::npos);
        CHECK(zsh.find("'" + command.name + "')\n") != std::string::npos);
        for (const auto& option : command.options) {
            const auto name = "--" + std::string(option.name);
            CHECK(bash.find(name) != std::string::npos);
            CHECK(zsh.find(name) != std::string::npos);
        }
    }
}

TEST_CASE("zsh takes its script and completes with it") {
    if (!has_program("zsh")) {
        WARN("skipped: zsh is not installed");
        return;
    }
    const auto script = cli::zsh_completion(table());
    CHECK(shell("zsh -n \"$1\"", script).empty());
    // What zsh's own functions are called with says what it offers.
    const auto offers = [&](const std::string& words) {
        return shell(
            "zsh -f -c 'compdef() { }; _describe() { print -rl -- ${(P)2} }; "
            "_arguments() { print -rl -- $@ }; source $0; words=(" +
                words + "); CURRENT=$#words; _hatchery' \"$1\" </dev/null",
            script);
    };
    CHECK(offers("hatchery d").find("deploy:deploys a bot") != std::string::npos);
    CHECK(offers("hatchery users s").find("show:shows a user") != std::string::npos);
    const auto logs = offers("hatchery logs x");
    CHECK(logs.find("(-f --follow)-f[go on with new lines]") != std::string::npos);
    CHECK(logs.find(":LEVEL:(debug info warning error)") != std::string::npos);
    CHECK(offers("hatchery completion x").find(":SHELL:(bash zsh)") != std::string::npos);
}

TEST_CASE("the manual page is clean roff and names every command and option") {
    const auto page = cli::manual_page(table());
    if (has_program("groff")) {
        CHECK(shell("groff -man -Tascii -ww -z \"$1\"", page).empty());
        const auto text = shell("groff -man -Tascii -P-cbou -rLL=200n \"$1\"", page);
        for (const auto& command : table()) {
            CAPTURE(command.name);
            CHECK(text.find("hatchery " + command.name) != std::string::npos);
            for (const auto& option : command.options) {
                CHECK(text.find("--" + std::string(option.name)) != std::string::npos);
            }
        }
        for (const auto& [code, meaning] : cli::exit_codes) {
            CHECK(text.find(std::string(meaning)) != std::string::npos);
        }
    }
    CHECK(page.find(".TH HATCHERY 1") != std::string::npos);
}
