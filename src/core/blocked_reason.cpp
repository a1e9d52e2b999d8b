#include "core/blocked_reason.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/json_value.hpp"
#include "core/requirements.hpp"

namespace hatchery::core {

namespace {

using base::Json;

/// Values that are listed in a sentence at most, and bytes of each: a reason is written into a job
/// and an event, and read by people.
constexpr std::size_t most_shown = 10;
constexpr std::size_t longest_shown = 64;
constexpr std::size_t longest_reason = 480;

std::string cut(const std::string& text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    // No character is cut in two.
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
    return text.substr(0, bytes) + "…";
}

std::string shown(const Json& value) {
    return cut(value.is_string() ? value.get<std::string>() : base::dump_json(value),
               longest_shown);
}

/// `region nbg1`, `region nbg1 or ash`, `memoryGb of at least 16`.
std::string wish(const std::string& name, const Json& wanted) {
    if (wanted.is_object()) return fmt::format("{} of at least {}", name, shown(wanted["min"]));
    if (!wanted.is_array()) return fmt::format("{} {}", name, shown(wanted));
    std::vector<std::string> choices;
    for (const auto& choice : wanted) {
        if (choices.size() == most_shown) {
            choices.emplace_back("…");
            break;
        }
        choices.push_back(shown(choice));
    }
    return fmt::format("{} {}", name, fmt::join(choices, " or "));
}

std::set<std::string> offered(const std::string& name, std::span<const Json> capabilities) {
    std::set<std::string> values;
    for (const auto& capability : capabilities) {
        const Json& value = base::json_member(capability, name);
        if (value.is_null()) continue;
        if (!value.is_array()) {
            values.insert(shown(value));
            continue;
        }
        for (const auto& one : value) values.insert(shown(one));
    }
    return values;
}

std::string offers_of(const std::string& name, std::span<const Json> capabilities) {
    const auto values = offered(name, capabilities);
    if (values.empty()) return "no worker names one";
    const auto end =
        std::next(values.begin(), static_cast<std::ptrdiff_t>(std::min(values.size(), most_shown)));
    const std::vector<std::string> first(values.begin(), end);
    return fmt::format("workers offer: {}{}", fmt::join(first, ", "),
                       values.size() > most_shown ? ", …" : "");
}

bool somebody_has(const std::string& name, const Json& wanted, std::span<const Json> capabilities) {
    const Json alone = {{name, wanted}};
    return std::ranges::any_of(capabilities,
                               [&](const Json& offer) { return requirements_met(alone, offer); });
}

std::string what_is_missing(const Json& requirements, std::span<const Json> capabilities) {
    std::vector<std::string> wishes;
    for (const auto& [name, wanted] : requirements.items()) {
        if (!somebody_has(name, wanted, capabilities)) {
            return fmt::format("No worker has {}; {}.", wish(name, wanted),
                               offers_of(name, capabilities));
        }
        wishes.push_back(wish(name, wanted));
    }
    // Each is offered by somebody, and all of them by nobody.
    return fmt::format("No single worker has {}.", fmt::join(wishes, " and "));
}

}  // namespace

std::string blocked_reason(const Json& requirements, std::span<const Json> capabilities) {
    if (capabilities.empty()) return "No worker is running.";
    if (std::ranges::any_of(capabilities, [&](const Json& offer) {
            return requirements_met(requirements, offer);
        })) {
        return {};
    }
    return cut(what_is_missing(requirements, capabilities), longest_reason);
}
}  // namespace hatchery::core
