#include "sandbox/model/prompt.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <regex>

namespace hatchery::sandbox::model {
namespace {

constexpr std::string_view internal_begin = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>";
constexpr std::string_view internal_end = "<<<END_OPENCLAW_INTERNAL_CONTEXT>>>";
constexpr std::string_view context_mark = "\u27E6openclaw:ctx\u27E7";
constexpr std::string_view fence = "```";

std::string_view trim(std::string_view text) {
    const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::string without_internal_context(std::string text) {
    std::size_t begin = 0;
    while ((begin = text.find(internal_begin)) != std::string::npos) {
        const std::size_t end = text.find(internal_end, begin);
        text.erase(begin, end == std::string::npos ? end : end + internal_end.size() - begin);
    }
    return text;
}

/// "[Sat 2026-11-21 06:29 UTC] ", or the older "[Telegram Name id:1 2026-11-21 06:29 UTC] ".
std::string_view without_time_stamp(std::string_view text) {
    static const std::regex stamp(
        R"(^\[[^\]\n]{0,160}\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}[^\]\n]{0,20}\]\s*)");
    std::match_results<std::string_view::const_iterator> found;
    if (std::regex_search(text.begin(), text.end(), found, stamp)) {
        text.remove_prefix(static_cast<std::size_t>(found.length()));
    }
    return text;
}

/// A heading with the agent's mark, or one of older versions, and the fenced block under it.
std::string_view without_context_block(std::string_view text) {
    const std::string_view heading = text.substr(0, text.find('\n'));
    const bool is_context = heading.find(context_mark) != std::string_view::npos ||
                            heading.find("(untrusted metadata)") != std::string_view::npos;
    if (!is_context) return text;
    text.remove_prefix(heading.size());
    text = trim(text);
    if (!text.starts_with(fence)) return text;
    const std::size_t end = text.find("\n```", fence.size());
    return end == std::string_view::npos ? std::string_view() : text.substr(end + 4);
}

std::string_view without_runtime_line(std::string_view text) {
    const std::size_t at = text.rfind("Runtime: agent=");
    const bool own_line = at != std::string_view::npos && (at == 0 || text[at - 1] == '\n');
    return own_line && text.find('\n', at) == std::string_view::npos ? text.substr(0, at) : text;
}

std::string content_text(const base::Json& content) {
    if (content.is_string()) return content.get<std::string>();
    std::string text;
    if (!content.is_array()) return text;
    for (const auto& part : content) {
        const std::string type = base::json_string(part, "type");
        if (type != "text" && type != "input_text") continue;
        if (!text.empty()) text += '\n';
        text += base::json_string(part, "text");
    }
    return text;
}

}  // namespace

std::string strip_agent_wrapping(std::string_view text) {
    const std::string outside = without_internal_context(std::string(text));
    std::string_view left = trim(outside);
    // Each round takes one layer off; there are never more than a few.
    constexpr int max_layers = 8;
    for (int layer = 0; layer < max_layers; ++layer) {
        const std::size_t before = left.size();
        left = trim(without_context_block(trim(without_time_stamp(left))));
        if (left.size() == before) break;
    }
    return std::string(trim(without_runtime_line(left)));
}

std::string last_user_text(const base::Json& conversation) {
    if (conversation.is_string()) return strip_agent_wrapping(conversation.get<std::string>());
    if (!conversation.is_array()) return {};
    for (auto message = conversation.rbegin(); message != conversation.rend(); ++message) {
        if (base::json_string(*message, "role") != "user") continue;
        std::string text =
            strip_agent_wrapping(content_text(base::json_member(*message, "content")));
        if (!text.empty()) return text;
    }
    return {};
}

long long estimate_tokens(std::string_view text) {
    return static_cast<long long>(text.size() / 4 + 1);
}

}  // namespace hatchery::sandbox::model
