#include "config/dotenv.hpp"

#include <optional>

namespace hatchery::config {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_name(std::string_view name) {
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
    return name.find_first_not_of(
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
           std::string_view::npos;
}

char unescape(char c) {
    if (c == 'n') return '\n';
    if (c == 't') return '\t';
    if (c == 'r') return '\r';
    return c;
}

/// What remains behind the closing quote may only be a comment.
bool only_comment(std::string_view rest) {
    rest = trim(rest);
    return rest.empty() || rest[0] == '#';
}

struct Value {
    std::string text;
    std::string problem;
};

Value read_double_quoted(std::string_view text) {
    Value value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            if (!only_comment(text.substr(i + 1))) {
                value.problem = "there is text behind the closing quote";
            }
            return value;
        }
        if (text[i] == '\\' && i + 1 < text.size() &&
            std::string_view("nrt\"\\$").find(text[i + 1]) != std::string_view::npos) {
            value.text += unescape(text[++i]);
        } else {
            value.text += text[i];
        }
    }
    value.problem = "the double quote is not closed on this line";
    return value;
}

Value read_single_quoted(std::string_view text) {
    const auto end = text.find('\'', 1);
    if (end == std::string_view::npos) {
        return {{}, "the single quote is not closed on this line"};
    }
    if (!only_comment(text.substr(end + 1))) return {{}, "there is text behind the closing quote"};
    return {std::string(text.substr(1, end - 1)), {}};
}

Value read_plain(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t')) {
            return {std::string(trim(text.substr(0, i))), {}};
        }
    }
    return {std::string(text), {}};
}

Value read_value(std::string_view text) {
    if (text.starts_with('"')) return read_double_quoted(text);
    if (text.starts_with('\'')) return read_single_quoted(text);
    return read_plain(text);
}

/// Reads one line into `result`; the answer is what is wrong with it.
std::optional<std::string> read_line(std::string_view line, DotEnv& result) {
    line = trim(line);
    // No variable can hold one: what follows it would be lost without a word.
    if (line.find('\0') != std::string_view::npos) return "there is a NUL byte; is this text?";
    if (line.empty() || line[0] == '#') return std::nullopt;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return "there is no '='; write NAME=value";
    const auto name = trim(line.substr(0, equals));
    if (!is_name(name)) return "the name before '=' may only hold letters, digits and '_'";
    Value value = read_value(trim(line.substr(equals + 1)));
    if (!value.problem.empty()) return std::string(name) + ": " + value.problem;
    result.values[std::string(name)] = std::move(value.text);
    return std::nullopt;
}

}  // namespace

DotEnv parse_dotenv(std::string_view text) {
    DotEnv result;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    for (int number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        if (auto problem = read_line(text.substr(0, end), result)) {
            result.problems.push_back({".env line " + std::to_string(number), *problem});
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return result;
}

}  // namespace hatchery::config
