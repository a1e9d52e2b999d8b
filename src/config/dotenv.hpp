#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hatchery::config {

/// One thing that is wrong, and where.
struct Problem {
    /// A variable's name, or `.env line 3`.
    std::string where;
    /// What is wrong and what would be right; holds no secret value.
    std::string message;
};

/// What a `.env` file says.
struct DotEnv {
    std::map<std::string, std::string> values;
    std::vector<Problem> problems;
};

/// Reads `NAME=value` lines. `export ` before a name, blank lines and lines that start with `#`
/// are accepted. In double quotes `\n`, `\t`, `\"`, `\\` and `\$` are escapes; in single quotes
/// nothing is; without quotes the value ends at the line's end or before ` #`. Nothing is expanded.
/// The last line of a name counts.
[[nodiscard]] DotEnv parse_dotenv(std::string_view text);

}  // namespace hatchery::config
