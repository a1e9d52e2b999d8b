#include "cli/manual.hpp"

#include <fmt/format.h>

#include "base/version.hpp"

namespace hatchery::cli {

namespace {

constexpr std::string_view description =
    "Hatchery runs OpenClaw assistants on servers of their own, reachable as Telegram bots.\n"
    "This program is all of it: the service (serve, worker), the operator's tools, and the client "
    "of its API.\n"
    ".PP\n"
    "The client's commands call the API at HATCHERY_API_URL with the token of HATCHERY_TOKEN, or "
    "with what hatchery login has stored. The operator's commands (migrate, token, user, keys, "
    "config, bundle, doctor, support-bundle) need the service's own settings and its database.\n"
    ".PP\n"
    "On a terminal tables have a heading and progress is shown as it goes; into a pipe or a file "
    "go plain lines, one for each row or step. With --json standard output is JSON. What went "
    "wrong is told on standard error, cause first, then what to do.\n";

constexpr std::string_view environment =
    ".TP\n.B HATCHERY_API_URL\nthe API's address, such as https://hatchery.example.com\n"
    ".TP\n.B HATCHERY_TOKEN\nan API token\n"
    ".TP\n.B TELEGRAM_BOT_TOKEN, MODEL_API_KEY\nwhat deploy makes a bot with\n"
    ".PP\nThe service's settings are many; hatchery config check shows each with its value.\n";

constexpr std::string_view files =
    ".TP\n.I .env\nsettings, in the current directory; the environment wins over it\n"
    ".TP\n.I ~/.config/hatchery/login\nwhat hatchery login has stored; only its owner may read "
    "it\n"
    ".TP\n.I /etc/hatchery/env\nthe service's settings, as the Debian package's units read them\n";

/// As roff's input: nothing in it is a request or an escape, and a dash is a dash.
std::string escaped(std::string_view text) {
    std::string safe;
    bool line_begins = true;
    for (const char c : text) {
        if (line_begins && (c == '.' || c == '\'')) safe += "\\&";
        if (c == '\\') {
            safe += "\\e";
        } else if (c == '-') {
            safe += "\\-";
        } else {
            safe += c;
        }
        line_begins = c == '\n';
    }
    return safe;
}

/// Requests stay, all else is escaped: for the texts above.
std::string escaped_lines(std::string_view text) {
    std::string safe;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        std::string escaped_line;
        for (const char c : line) escaped_line += c == '-' ? std::string("\\-") : std::string(1, c);
        safe += escaped_line + "\n";
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return safe;
}

std::string option_entry(const OptionSpec& option) {
    std::string left;
    if (option.letter != 0) left += fmt::format("\\fB\\-{}\\fR, ", option.letter);
    left += fmt::format("\\fB\\-\\-{}\\fR", escaped(option.name));
    if (!option.value.empty()) left += fmt::format(" \\fI{}\\fR", escaped(option.value));
    return fmt::format(".TP\n{}\n{}\n", left, escaped(option.help));
}

std::string command_entry(const Command& command) {
    std::string text =
        fmt::format(".SS \"{}\"\n{}.\n", escaped(usage_line(command)), escaped(command.summary));
    if (!command.details.empty()) text += fmt::format(".PP\n{}", escaped(command.details));
    for (const OptionSpec& option : command.options) text += option_entry(option);
    return text;
}

}  // namespace

std::string manual_page(std::span<const Command> commands) {
    std::string text = fmt::format(
        ".\\\" Made by `hatchery manual`.\n"
        ".TH HATCHERY 1 \"\" \"hatchery {}\" \"Hatchery\"\n"
        ".SH NAME\nhatchery \\- run and use a hosted OpenClaw business\n"
        ".SH SYNOPSIS\n.B hatchery\n.I COMMAND\n[options]\n.br\n.B hatchery\n.I COMMAND\n"
        ".B \\-\\-help\n.br\n.B hatchery \\-\\-version\n.SH DESCRIPTION\n{}.SH COMMANDS\n",
        base::version, escaped_lines(description));
    for (const Command& command : commands) text += command_entry(command);
    text += ".SH EXIT STATUS\n";
    for (const auto& [code, meaning] : exit_codes) {
        text += fmt::format(".TP\n.B {}\n{}\n", static_cast<int>(code), escaped(meaning));
    }
    text += ".SH ENVIRONMENT\n" + escaped_lines(environment);
    text += ".SH FILES\n" + escaped_lines(files);
    return text;
}

}  // namespace hatchery::cli
