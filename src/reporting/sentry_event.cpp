#include "reporting/sentry_event.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/json_value.hpp"

namespace hatchery::reporting {

namespace {

using base::Json;

constexpr std::size_t longest_value = 500;

/// What one searches by.
constexpr auto tags = std::to_array<std::string_view>(
    {"route", "request", "step", "kind", "sqlstate", "status", "code", "provider"});
/// What one reads. Ids of bots, operations and jobs name no person to anybody but the operator.
constexpr auto details = std::to_array<std::string_view>(
    {"what", "message", "detail", "reason", "bot", "operation", "job", "attempt", "cause"});

template <typename Names>
bool lists(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_word_char(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
}

bool is_part_of_word(char c) {
    static constexpr std::string_view marks = ".@:+/=%";
    return is_word_char(c) || marks.find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool is_uuid_like(std::string_view word) {
    return word.size() == 36 && word[8] == '-' && word[13] == '-' && word[18] == '-';
}

bool is_address(std::string_view word) {
    const auto dots = std::count(word.begin(), word.end(), '.');
    const auto colons = std::count(word.begin(), word.end(), ':');
    const bool digits_only = std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '/';
    });
    const bool hex_only = std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
               c == ':' || c == '.';
    });
    return (digits_only && dots >= 3) || (hex_only && colons >= 2);
}

/// Long runs without a break, with a digit among them, are rarely words. A slash is a break in
/// paths and routes, which are written small, and one of the digits of base64.
bool is_token(std::string_view word) {
    const bool small =
        std::none_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    std::size_t run = 0;
    bool digit = false;
    for (const char c : word) {
        run = is_word_char(c) || c == '+' || c == '=' || (c == '/' && !small) ? run + 1 : 0;
        digit = run > 0 && (digit || (c >= '0' && c <= '9'));
        if (run >= 20 && digit) return true;
    }
    return false;
}

std::string_view masked(std::string_view word) {
    if (is_uuid_like(word)) return word;
    const auto at = word.find('@');
    if (at != std::string_view::npos && at > 0 && at + 1 < word.size()) return "[address]";
    if (is_address(word)) return "[address]";
    if (is_token(word)) return "[masked]";
    return word;
}

/// `name=value` is two words; the signs at the end of base64 part nothing.
std::string masked_parts(std::string_view word) {
    const auto equals = word.find('=');
    const bool parts = equals != std::string_view::npos && equals > 0 && equals + 1 < word.size() &&
                       word[equals + 1] != '=';
    if (!parts) return std::string(masked(word));
    return std::string(masked(word.substr(0, equals))) + '=' +
           masked_parts(word.substr(equals + 1));
}

}  // namespace

std::string scrubbed(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size() && out.size() < longest_value;) {
        std::size_t end = i;
        while (end < text.size() && is_part_of_word(text[end])) ++end;
        out += masked_parts(text.substr(i, end - i));
        if (end < text.size()) out.push_back(text[end++]);
        i = end;
    }
    out.resize(std::min(out.size(), longest_value));
    return base::to_utf8(out);
}

std::string sentry_envelope(const Fault& fault, const std::string& event_id,
                            std::string_view version, base::TimePoint now) {
    Json event = {{"event_id", event_id},
                  {"timestamp", base::format_time(fault.at)},
                  {"platform", "native"},
                  {"level", "error"},
                  {"logger", fault.event},
                  {"release", "hatchery@" + std::string(version)},
                  {"tags", {{"event", fault.event}}},
                  {"extra", Json::object()}};
    // Faults of one kind at one place are one issue, whatever their words.
    Json fingerprint = Json::array({fault.event});
    std::string message = fault.event;
    for (const auto& [name, value] : fault.fields) {
        const std::string clean = scrubbed(value);
        if (lists(tags, name)) event["tags"][name] = clean;
        if (lists(details, name)) event["extra"][name] = clean;
        if (name == "route" || name == "step" || name == "sqlstate") fingerprint.push_back(clean);
        if (name == "route") event["transaction"] = clean;
        if (name == "what" || name == "message" || name == "detail" || name == "reason") {
            message += ": " + clean;
        }
    }
    event["fingerprint"] = std::move(fingerprint);
    event["message"] = {{"formatted", message}};
    const std::string payload = base::dump_json(event);
    const Json head = {{"event_id", event_id}, {"sent_at", base::format_time(now)}};
    const Json item = {{"type", "event"}, {"length", payload.size()}};
    return base::dump_json(head) + "\n" + base::dump_json(item) + "\n" + payload + "\n";
}

}  // namespace hatchery::reporting
