#include "cli/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/version.hpp"
#include "cli/printable.hpp"
#include "cli/terminal_guard.hpp"

namespace hatchery::cli {

namespace {

/// No adapter and no API has such a code.
constexpr std::string_view wrong_use_code = "hatchery.wrong_use";

std::string describe_exit_codes() {
    std::string text = "Exit codes:\n";
    for (const auto& [code, meaning] : exit_codes) {
        text += fmt::format("  {:<3} {}\n", static_cast<int>(code), meaning);
    }
    return text;
}

std::string_view describe(AuditRule rule) {
    switch (rule) {
        case AuditRule::undecided:
            return {};
        case AuditRule::line:
            return "The audit log gets a line of each run, however it ends.";
        case AuditRule::start:
            return "The audit log gets a line of each start.";
        case AuditRule::by_api:
            return "The audit log gets a line of what it changes, from the API.";
        case AuditRule::nothing:
            return "The audit log gets nothing of it: it concerns no installation.";
    }
    return {};
}

std::string help_of(const Command& command) {
    std::string text = fmt::format("usage: {}\n\n{}.\n", usage_line(command), command.summary);
    if (!command.details.empty()) text += "\n" + command.details;
    text += fmt::format("\n{}\n", describe(command.audit));
    text += "\nOptions:\n" + describe_options(command.options);
    text += "  -h, --help                   this text\n\n";
    return text + describe_exit_codes();
}

std::string general_help(std::span<const Command> commands) {
    std::string text = "usage: hatchery COMMAND [options]\n\nCommands:\n";
    for (const Command& command : commands) {
        text += fmt::format("  {:<16} {}\n", command.name, command.summary);
    }
    text +=
        "\nSettings come from the environment and from .env in the current directory;\n"
        "`hatchery config check` shows them. `hatchery COMMAND --help` explains a command.\n\n";
    return text + describe_exit_codes();
}

ExitCode usage_error(Context& context, const std::string& message, const std::string& hint) {
    context.err << "hatchery: " << message << "\n" << hint << "\n";
    return ExitCode::usage;
}

/// The command with the most words that begin the command line.
const Command* find_command(std::span<const std::string> words, std::span<const Command> commands,
                            std::size_t& taken) {
    for (std::size_t count = std::min<std::size_t>(2, words.size()); count > 0; --count) {
        std::string name = words[0];
        for (std::size_t i = 1; i < count; ++i) name += " " + words[i];
        const auto it = std::find_if(commands.begin(), commands.end(),
                                     [&](const Command& c) { return c.name == name; });
        if (it != commands.end()) {
            taken = count;
            return &*it;
        }
    }
    return nullptr;
}

/// The lines of the commands that begin with the word, as `token create` begins with `token`; empty
/// when there are none.
std::string describe_group(const std::string& word, std::span<const Command> commands) {
    std::string lines;
    for (const Command& command : commands) {
        if (!command.name.starts_with(word + " ")) continue;
        lines += fmt::format("  hatchery {:<16} {}\n", command.name, command.summary);
    }
    return lines;
}

bool asks_for_help(const std::string& word) {
    return word == "--help" || word == "-h" || word == "help";
}

/// The first words are no command's name.
ExitCode explain_unknown(std::span<const std::string> words, std::span<const Command> commands,
                         Context& context) {
    const std::string group = describe_group(words[0], commands);
    if (group.empty()) {
        return usage_error(context, fmt::format("unknown command '{}'", words[0]),
                           "See: hatchery --help");
    }
    if (words.size() == 2 && asks_for_help(words[1])) {
        context.out << group << "\n`hatchery COMMAND --help` explains a command.\n";
        return ExitCode::ok;
    }
    const std::string said = words.size() == 1
                                 ? fmt::format("'{}' needs a second word", words[0])
                                 : fmt::format("unknown command '{} {}'", words[0], words[1]);
    context.err << "hatchery: " << said << "\nIt is one of:\n" << group;
    return ExitCode::usage;
}

/// JSON stays what it means: in its texts the escape is as good as the character.
ExitCode run_guarded(const Command& command, const Options& options, Context& context) {
    TerminalGuard out(context.out, options.has("json") ? Replaced::by_escape : Replaced::by_mark);
    TerminalGuard err(context.err, Replaced::by_mark);
    std::ostream guarded_out(&out);
    std::ostream guarded_err(&err);
    Context guarded{.out = guarded_out,
                    .err = guarded_err,
                    .in = context.in,
                    .out_is_terminal = context.out_is_terminal,
                    .in_is_terminal = context.in_is_terminal,
                    .http = context.http,
                    .clock = context.clock,
                    .load_config = context.load_config,
                    .variable = context.variable,
                    .ask_hidden = context.ask_hidden,
                    .pause = context.pause,
                    .erase_line = [&out] { out.control("\r\033[K"); }};
    return command.run(options, guarded);
}

}  // namespace

std::string usage_line(const Command& command) {
    std::string line = "hatchery " + command.name;
    for (const OperandSpec& operand : command.operands) {
        line += operand.required ? fmt::format(" {}", operand.name)
                                 : fmt::format(" [{}]", operand.name);
    }
    if (!command.options.empty()) line += " [options]";
    return line;
}

ExitCode run_command_line(std::span<const std::string> words, std::span<const Command> commands,
                          Context& context) {
    if (words.empty()) {
        context.err << general_help(commands);
        return ExitCode::usage;
    }
    if (asks_for_help(words[0]) && (words[0] != "help" || words.size() == 1)) {
        context.out << general_help(commands);
        return ExitCode::ok;
    }
    if (words[0] == "help") {
        std::vector<std::string> turned(words.begin() + 1, words.end());
        turned.emplace_back("--help");
        return run_command_line(turned, commands, context);
    }
    if (words[0] == "--version") {
        context.out << "hatchery " << base::version << "\n";
        return ExitCode::ok;
    }
    std::size_t taken = 0;
    const Command* command = find_command(words, commands, taken);
    if (command == nullptr) return explain_unknown(words, commands, context);
    std::vector<OptionSpec> options = command->options;
    options.push_back({.name = "help", .letter = 'h', .value = {}, .help = {}});
    const auto parsed = parse_options(words.subspan(taken), options, command->operands);
    if (!parsed) {
        return usage_error(
            context, parsed.error().message,
            fmt::format("usage: {}\nSee: hatchery {} --help", usage_line(*command), command->name));
    }
    if (parsed->has("help")) {
        context.out << help_of(*command);
        return ExitCode::ok;
    }
    return run_guarded(*command, *parsed, context);
}

base::Error wrong_use(std::string message, std::string next_action) {
    return {.kind = base::ErrorKind::invalid,
            .message = std::move(message),
            .next_action = std::move(next_action),
            .code = std::string(wrong_use_code)};
}

ExitCode report(Context& context, const base::Error& error) {
    context.err << "hatchery: " << printable(error.message, Lines::kept) << "\n";
    if (!error.next_action.empty()) context.err << "  " << printable(error.next_action) << "\n";
    if (error.code == wrong_use_code) return ExitCode::usage;
    return exit_code_of(error.kind);
}

ExitCode report_problems(Context& context, const config::Loaded& loaded) {
    for (const auto& problem : loaded.problems) {
        context.err << "hatchery: " << problem.where << " " << problem.message << "\n";
    }
    return ExitCode::config;
}

std::optional<config::Config> load_or_report(Context& context, config::Need need) {
    config::Loaded loaded = context.load_config(need);
    if (loaded.problems.empty()) return std::move(loaded.config);
    report_problems(context, loaded);
    return std::nullopt;
}

}  // namespace hatchery::cli
