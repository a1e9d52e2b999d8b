#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hatchery::sandbox {

using Labels = std::map<std::string, std::string>;

/// Hetzner's label selector: `k`, `!k`, `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`,
/// joined by commas, which mean "and".
class LabelSelector {
public:
    /// Nothing when the text is not a selector. The empty text selects everything.
    static std::optional<LabelSelector> parse(std::string_view text);

    [[nodiscard]] bool matches(const Labels& labels) const;

private:
    enum class Operator { present, absent, equal, not_equal, in, not_in };

    struct Requirement {
        std::string key;
        Operator op = Operator::present;
        std::vector<std::string> values;
    };

    static std::optional<Requirement> parse_requirement(std::string_view text);
    static bool holds(const Requirement& requirement, const Labels& labels);

    std::vector<Requirement> requirements_;
};

}  // namespace hatchery::sandbox
