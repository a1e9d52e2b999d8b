#include "cli/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace hatchery::cli {

namespace {

using base::ErrorKind;

const OptionSpec* find_name(std::span<const OptionSpec> options, std::string_view name) {
    const auto it = std::find_if(options.begin(), options.end(),
                                 [&](const OptionSpec& o) { return o.name == name; });
    return it == options.end() ? nullptr : &*it;
}

const OptionSpec* find_letter(std::span<const OptionSpec> options, char letter) {
    const auto it = std::find_if(options.begin(), options.end(),
                                 [&](const OptionSpec& o) { return o.letter == letter; });
    return it == options.end() ? nullptr : &*it;
}

base::Result<Options> wrong(std::string message) {
    return base::fail(ErrorKind::invalid, std::move(message));
}

/// An option word: the option, and the value behind its `=`.
struct OptionWord {
    const OptionSpec* option = nullptr;
    std::optional<std::string> value;
};

OptionWord read_option(std::span<const OptionSpec> options, std::string_view word) {
    if (!word.starts_with("--")) {
        return {word.size() == 2 ? find_letter(options, word[1]) : nullptr, std::nullopt};
    }
    word.remove_prefix(2);
    const auto equals = word.find('=');
    OptionWord read{find_name(options, word.substr(0, equals)), std::nullopt};
    if (equals != std::string_view::npos) read.value = std::string(word.substr(equals + 1));
    return read;
}

/// What is wrong with a value of which there are only some; nothing when it is right.
std::optional<std::string> no_choice(std::string_view choices, std::string_view name,
                                     const std::string& value) {
    const auto words = words_of(choices);
    if (words.empty() || std::find(words.begin(), words.end(), value) != words.end()) return {};
    return fmt::format("{}: '{}' is none of {}", name, value, fmt::join(words, ", "));
}

/// What is wrong with the operands; nothing when they are right.
std::optional<std::string> wrong_operands(const Options& parsed,
                                          std::span<const OperandSpec> operands) {
    if (parsed.operand_count() > operands.size()) {
        return fmt::format("unexpected word '{}'", parsed.operand(operands.size()));
    }
    for (std::size_t i = 0; i < operands.size(); ++i) {
        if (i < parsed.operand_count()) {
            auto said = no_choice(operands[i].choices, operands[i].name, parsed.operand(i));
            if (said) return said;
        } else if (operands[i].required) {
            return fmt::format("{} is missing", operands[i].name);
        }
    }
    return {};
}

}  // namespace

std::vector<std::string> words_of(std::string_view choices) {
    std::vector<std::string> words;
    while (!choices.empty()) {
        const auto space = choices.find(' ');
        if (space > 0) words.emplace_back(choices.substr(0, space));
        choices.remove_prefix(space == std::string_view::npos ? choices.size() : space + 1);
    }
    return words;
}

std::optional<std::string> Options::value(std::string_view name) const {
    const auto it = values_.find(name);
    if (it == values_.end()) return std::nullopt;
    return it->second.back();
}

std::string Options::value_or(std::string_view name, std::string_view otherwise) const {
    return value(name).value_or(std::string(otherwise));
}

std::vector<std::string> Options::values(std::string_view name) const {
    const auto it = values_.find(name);
    return it == values_.end() ? std::vector<std::string>{} : it->second;
}

std::string Options::operand(std::size_t place) const {
    return place < operands_.size() ? operands_[place] : std::string{};
}

void Options::add(std::string_view name, std::string value) {
    values_[std::string(name)].push_back(std::move(value));
}

base::Result<Options> parse_options(std::span<const std::string> words,
                                    std::span<const OptionSpec> options,
                                    std::span<const OperandSpec> operands) {
    Options parsed;
    bool options_ended = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (options_ended || word == "-" || !word.starts_with('-')) {
            parsed.add_operand(word);
            continue;
        }
        if (word == "--") {
            options_ended = true;
            continue;
        }
        auto [option, value] = read_option(options, word);
        const std::string shown = word.substr(0, word.find('='));
        if (option == nullptr) return wrong(fmt::format("unknown option {}", shown));
        if (option->value.empty() && value) return wrong(fmt::format("{} takes no value", shown));
        if (!option->value.empty() && !value) {
            if (i + 1 >= words.size()) {
                return wrong(fmt::format("{} needs a value: {}", shown, option->value));
            }
            value = words[++i];
        }
        if (parsed.has(option->name) && !option->repeatable && !option->value.empty()) {
            return wrong(fmt::format("{} is given twice", shown));
        }
        if (const auto said = no_choice(option->choices, shown, value.value_or(""))) {
            return wrong(*said);
        }
        parsed.add(option->name, value.value_or(""));
    }
    if (parsed.has("help")) return parsed;
    if (const auto said = wrong_operands(parsed, operands)) return wrong(*said);
    return parsed;
}

std::string describe_options(std::span<const OptionSpec> options) {
    std::string text;
    for (const OptionSpec& option : options) {
        std::string left = option.letter != 0 ? fmt::format("-{}, ", option.letter) : "    ";
        left += fmt::format("--{}", option.name);
        if (!option.value.empty()) left += fmt::format(" {}", option.value);
        text += fmt::format("  {:<28} {}\n", left, option.help);
    }
    return text;
}

}  // namespace hatchery::cli
