#include "api/entity_tag.hpp"

#include <algorithm>

namespace hatchery::api {

namespace {

Problem no_tags() {
    Problem problem = problem_of_status(400, "The If-Match header is no list of entity tags.");
    problem.errors = {{"If-Match", "must be the ETag of a GET, in its quotes, or *"}};
    return problem;
}

/// Takes one `"…"` or `W/"…"` off the list; nothing when there is none.
std::optional<std::string> take_tag(std::string_view& list) {
    const auto start = list.find_first_not_of(" \t");
    if (start == std::string_view::npos) return std::nullopt;
    list.remove_prefix(start);
    const std::size_t quote = list.starts_with("W/") ? 2 : 0;
    if (list.size() <= quote || list[quote] != '"') return std::nullopt;
    const auto end = list.find('"', quote + 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string tag(list.substr(0, end + 1));
    list.remove_prefix(end + 1);
    const auto rest = list.find_first_not_of(" \t");
    list.remove_prefix(std::min(rest, list.size()));
    if (list.empty()) return tag;
    if (list.front() != ',') return std::nullopt;
    list.remove_prefix(1);
    return list.empty() ? std::nullopt : std::optional(tag);
}

}  // namespace

std::string entity_tag(std::int64_t version) { return '"' + std::to_string(version) + '"'; }

bool IfMatch::fits(std::int64_t version) const {
    return any || std::find(tags.begin(), tags.end(), entity_tag(version)) != tags.end();
}

tl::expected<IfMatch, Problem> read_if_match(const Exchange& exchange) {
    IfMatch wanted;
    for (const auto& [name, value] : exchange.request.fields) {
        if (!front::same_token(name, "If-Match")) continue;
        if (value == "*") continue;
        wanted.any = false;
        std::string_view list = value;
        do {
            auto tag = take_tag(list);
            if (!tag) return refuse(no_tags());
            wanted.tags.push_back(std::move(*tag));
        } while (!list.empty());
    }
    return wanted;
}

Problem changed_meanwhile() {
    Problem problem = problem_of_status(412, "The bot's settings have changed meanwhile.");
    problem.next_action = "Read the bot again, and send your change with its new ETag.";
    return problem;
}

}  // namespace hatchery::api
