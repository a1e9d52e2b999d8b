#include "cli/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

namespace hatchery::cli {

namespace {

/// `token` of `token create`.
std::string first_word(const Command& command) {
    return command.name.substr(0, command.name.find(' '));
}

std::string second_word(const Command& command) {
    const auto space = command.name.find(' ');
    return space == std::string::npos ? std::string{} : command.name.substr(space + 1);
}

/// First words in the table's order, each once, with the second words that follow them.
std::vector<std::pair<std::string, std::vector<const Command*>>> groups_of(
    std::span<const Command> commands) {
    std::vector<std::pair<std::string, std::vector<const Command*>>> groups;
    for (const Command& command : commands) {
        const std::string word = first_word(command);
        auto it = std::find_if(groups.begin(), groups.end(),
                               [&](const auto& group) { return group.first == word; });
        if (it == groups.end()) it = groups.insert(groups.end(), {word, {}});
        if (!second_word(command).empty()) it->second.push_back(&command);
    }
    return groups;
}

bool is_path(std::string_view value) { return value == "FILE" || value == "DIR"; }

std::string option_words(const Command& command) {
    std::vector<std::string> words{"--help"};
    for (const OptionSpec& option : command.options)
        words.push_back(fmt::format("--{}", option.name));
    return fmt::format("{}", fmt::join(words, " "));
}

/// The lines of a `case "$command $previous"` that know what follows the command's options.
std::string bash_values(const Command& command) {
    std::string text;
    for (const OptionSpec& option : command.options) {
        if (option.value.empty()) continue;
        std::string pattern = fmt::format("'{} --{}'", command.name, option.name);
        if (option.letter != 0) pattern += fmt::format(" | '{} -{}'", command.name, option.letter);
        std::string found;
        if (!option.choices.empty()) {
            found = fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$current\"))", option.choices);
        } else if (is_path(option.value)) {
            found = "COMPREPLY=($(compgen -f -- \"$current\"))";
        }
        text +=
            fmt::format("        {}) {}{}return ;;\n", pattern, found, found.empty() ? "" : "; ");
    }
    return text;
}

/// The words that a command takes besides options, as far as there are only some.
std::string operand_words(const Command& command) {
    std::vector<std::string> words;
    for (const OperandSpec& operand : command.operands) {
        for (auto& word : words_of(operand.choices)) words.push_back(std::move(word));
    }
    return fmt::format("{}", fmt::join(words, " "));
}

/// For a text in single quotes of a shell.
std::string quoted(std::string_view text) {
    std::string safe;
    for (const char c : text) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return safe;
}

/// For a description inside an _arguments specification.
std::string zsh_text(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') safe += '\\';
        safe += c;
    }
    return quoted(safe);
}

/// `:EMAIL:` with what may stand there.
std::string zsh_value(std::string_view name, std::string_view choices) {
    std::string action = " ";
    if (!choices.empty()) action = fmt::format("({})", choices);
    if (is_path(name)) action = name == "DIR" ? "_files -/" : "_files";
    return fmt::format(":{}:{}", name, action);
}

std::string zsh_option(const OptionSpec& option) {
    const std::string value =
        option.value.empty() ? std::string{} : zsh_value(option.value, option.choices);
    const std::string rest = fmt::format("'[{}]{}'", zsh_text(option.help), value);
    const std::string star = option.repeatable ? "\\*" : "";
    if (option.letter == 0) return fmt::format("{}--{}{}", star, option.name, rest);
    return fmt::format("'(-{0} --{1})'{{-{0},--{1}}}{2}", option.letter, option.name, rest);
}

std::string zsh_arguments(const Command& command) {
    std::string text = fmt::format("        '{}')\n            _arguments", command.name);
    text += " '(-h --help)'{-h,--help}'[explain the command]'";
    for (const OptionSpec& option : command.options) {
        text += " \\\n                " + zsh_option(option);
    }
    for (const OperandSpec& operand : command.operands) {
        text += fmt::format(" \\\n                ':{}'",
                            zsh_value(operand.name, operand.choices).substr(1));
    }
    return text + " ;;\n";
}

}  // namespace

std::string bash_completion(std::span<const Command> commands) {
    std::vector<std::string> first{"--help", "--version"};
    std::string seconds;
    for (const auto& [word, members] : groups_of(commands)) {
        first.push_back(word);
        if (members.empty()) continue;
        std::vector<std::string> names;
        for (const Command* member : members) names.push_back(second_word(*member));
        seconds += fmt::format("        {}) second='{}' ;;\n", word, fmt::join(names, " "));
    }
    std::string values;
    std::string options;
    for (const Command& command : commands) {
        values += bash_values(command);
        options += fmt::format("        '{}') options='{}' operands='{}' ;;\n", command.name,
                               option_words(command), operand_words(command));
    }
    return fmt::format(R"(# Completes hatchery in bash: source <(hatchery completion bash)
# Made by `hatchery completion bash`.
_hatchery() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
    local command="${{COMP_WORDS[1]}}" second='' options='' operands=''
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W '{}' -- "$current"))
        return
    fi
    case "$command" in
{}    esac
    if [ -n "$second" ]; then
        if ((COMP_CWORD == 2)); then
            COMPREPLY=($(compgen -W "$second" -- "$current"))
            return
        fi
        command+=" ${{COMP_WORDS[2]}}"
    fi
    case "$command $previous" in
{}    esac
    case "$command" in
{}    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
    else
        COMPREPLY=($(compgen -W "$operands" -- "$current"))
    fi
}}
complete -F _hatchery hatchery
)",
                       fmt::join(first, " "), seconds, values, options);
}

std::string zsh_completion(std::span<const Command> commands) {
    std::string first;
    std::string seconds;
    for (const auto& [word, members] : groups_of(commands)) {
        if (members.empty()) {
            const auto it = std::find_if(commands.begin(), commands.end(),
                                         [&](const Command& c) { return c.name == word; });
            first += fmt::format("            '{}:{}'\n", word, quoted(it->summary));
            continue;
        }
        std::vector<std::string> names;
        for (const Command* member : members) names.push_back(second_word(*member));
        first += fmt::format("            '{}:{}'\n", word, fmt::join(names, ", "));
        seconds += fmt::format("        {})\n            second=(\n", word);
        for (const Command* member : members) {
            seconds += fmt::format("                '{}:{}'\n", second_word(*member),
                                   quoted(member->summary));
        }
        seconds += "            ) ;;\n";
    }
    std::string arguments;
    for (const Command& command : commands) arguments += zsh_arguments(command);
    return fmt::format(R"(#compdef hatchery
# Completes hatchery in zsh. Made by `hatchery completion zsh`.
_hatchery() {{
    local -a first second
    if (( CURRENT == 2 )); then
        first=(
{}        )
        _describe command first
        return
    fi
    case "$words[2]" in
{}    esac
    local command="$words[2]"
    if (( $#second )); then
        if (( CURRENT == 3 )); then
            _describe command second
            return
        fi
        command+=" $words[3]"
        shift words
        (( CURRENT-- ))
    fi
    shift words
    (( CURRENT-- ))
    case "$command" in
{}    esac
}}
if [ "$funcstack[1]" = _hatchery ]; then
    _hatchery "$@"
else
    compdef _hatchery hatchery
fi
)",
                       first, seconds, arguments);
}

}  // namespace hatchery::cli
