#include "sandbox/hetzner/label_selector.hpp"

#include <algorithm>

#include "sandbox/cloud/validation.hpp"

namespace hatchery::sandbox {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// Cuts at the commas that stand outside parentheses; nothing when parentheses do not match.
std::optional<std::vector<std::string_view>> split_requirements(std::string_view text) {
    std::vector<std::string_view> parts;
    std::size_t start = 0;
    bool inside = false;
    for (std::size_t position = 0; position < text.size(); ++position) {
        const char character = text[position];
        if (character == '(' || character == ')') {
            if (inside == (character == '(')) {
                return std::nullopt;
            }
            inside = !inside;
        } else if (character == ',' && !inside) {
            parts.push_back(text.substr(start, position - start));
            start = position + 1;
        }
    }
    if (inside) {
        return std::nullopt;
    }
    parts.push_back(text.substr(start));
    return parts;
}

std::optional<std::vector<std::string>> parse_values(std::string_view list) {
    if (list.size() < 2 || list.front() != '(' || list.back() != ')') {
        return std::nullopt;
    }
    std::vector<std::string> values;
    std::string_view rest = list.substr(1, list.size() - 2);
    while (true) {
        const auto comma = rest.find(',');
        const std::string_view value = trimmed(rest.substr(0, comma));
        if (!is_label_value(value)) {
            return std::nullopt;
        }
        values.emplace_back(value);
        if (comma == std::string_view::npos) {
            return values;
        }
        rest.remove_prefix(comma + 1);
    }
}

}  // namespace

std::optional<LabelSelector> LabelSelector::parse(std::string_view text) {
    LabelSelector selector;
    if (trimmed(text).empty()) {
        return selector;
    }
    const auto parts = split_requirements(text);
    if (!parts) {
        return std::nullopt;
    }
    for (const std::string_view part : *parts) {
        auto requirement = parse_requirement(trimmed(part));
        if (!requirement) {
            return std::nullopt;
        }
        selector.requirements_.push_back(std::move(*requirement));
    }
    return selector;
}

std::optional<LabelSelector::Requirement> LabelSelector::parse_requirement(std::string_view text) {
    Requirement requirement;
    const auto accept_key = [&](std::string_view key) {
        requirement.key = std::string(key);
        return is_label_key(key);
    };
    if (text.starts_with('!')) {
        requirement.op = Operator::absent;
        return accept_key(trimmed(text.substr(1))) ? std::optional(requirement) : std::nullopt;
    }
    if (const auto equals = text.find('='); equals != std::string_view::npos) {
        const bool negated = equals > 0 && text[equals - 1] == '!';
        const bool doubled = !negated && equals + 1 < text.size() && text[equals + 1] == '=';
        requirement.op = negated ? Operator::not_equal : Operator::equal;
        const std::string_view key = trimmed(text.substr(0, negated ? equals - 1 : equals));
        const std::string_view value = trimmed(text.substr(equals + (doubled ? 2 : 1)));
        requirement.values.emplace_back(value);
        return accept_key(key) && is_label_value(value) ? std::optional(requirement) : std::nullopt;
    }
    const auto key_end = text.find_first_of(" (");
    if (key_end == std::string_view::npos) {
        return accept_key(text) ? std::optional(requirement) : std::nullopt;
    }
    const std::string_view rest = trimmed(text.substr(key_end));
    const auto list = rest.find('(');
    if (list == std::string_view::npos || !accept_key(text.substr(0, key_end))) {
        return std::nullopt;
    }
    const std::string_view word = trimmed(rest.substr(0, list));
    auto values = parse_values(trimmed(rest.substr(list)));
    if (!values || (word != "in" && word != "notin")) {
        return std::nullopt;
    }
    requirement.op = word == "in" ? Operator::in : Operator::not_in;
    requirement.values = std::move(*values);
    return requirement;
}

bool LabelSelector::holds(const Requirement& requirement, const Labels& labels) {
    const auto found = labels.find(requirement.key);
    const bool present = found != labels.end();
    const bool listed = present && std::find(requirement.values.begin(), requirement.values.end(),
                                             found->second) != requirement.values.end();
    switch (requirement.op) {
        case Operator::present:
            return present;
        case Operator::absent:
            return !present;
        case Operator::equal:
        case Operator::in:
            return listed;
        case Operator::not_equal:
        case Operator::not_in:
            // A resource without the label is not equal to any value.
            return !listed;
    }
    return false;
}

bool LabelSelector::matches(const Labels& labels) const {
    return std::all_of(requirements_.begin(), requirements_.end(),
                       [&](const Requirement& requirement) { return holds(requirement, labels); });
}

}  // namespace hatchery::sandbox
