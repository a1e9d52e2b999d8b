#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace hatchery::cli {

/// An option that a command takes.
struct OptionSpec {
    /// Without dashes: `wait`.
    std::string_view name;
    /// One letter, or 0 for none.
    char letter = 0;
    /// What its value is called in the help; empty for a flag.
    std::string_view value;
    std::string_view help;
    /// May be given several times.
    bool repeatable = false;
    /// The only values there are, separated by spaces; empty: any.
    std::string_view choices;
};

/// A word that is no option.
struct OperandSpec {
    std::string_view name;
    bool required = true;
    /// The only words there are, separated by spaces; empty: any.
    std::string_view choices;
};

/// A command line, taken apart.
class Options {
public:
    [[nodiscard]] bool has(std::string_view name) const { return values_.count(name) > 0; }
    [[nodiscard]] std::optional<std::string> value(std::string_view name) const;
    [[nodiscard]] std::string value_or(std::string_view name, std::string_view otherwise) const;
    /// All values of a repeatable option.
    [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
    /// The operand at this place, or an empty text.
    [[nodiscard]] std::string operand(std::size_t place) const;

    void add(std::string_view name, std::string value);
    void add_operand(std::string value) { operands_.push_back(std::move(value)); }
    [[nodiscard]] std::size_t operand_count() const { return operands_.size(); }

private:
    std::map<std::string, std::vector<std::string>, std::less<>> values_;
    std::vector<std::string> operands_;
};

/// `--name value`, `--name=value`, `-f`, `-f value`; `--` ends the options. `invalid`, naming the
/// word, on an unknown option, a missing or needless value, one that is no choice, a repetition, or
/// operands too many or too few. With `--help` or `-h` anything else may be missing.
[[nodiscard]] base::Result<Options> parse_options(std::span<const std::string> words,
                                                  std::span<const OptionSpec> options,
                                                  std::span<const OperandSpec> operands);

/// The words of OptionSpec::choices.
[[nodiscard]] std::vector<std::string> words_of(std::string_view choices);

/// The lines that explain the options.
[[nodiscard]] std::string describe_options(std::span<const OptionSpec> options);

}  // namespace hatchery::cli
