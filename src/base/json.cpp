#include "base/json.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

namespace hatchery::base {

namespace {

/// Depth of nesting, found without building anything: brackets outside strings.
bool deeper_than(std::string_view text, int max_depth) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
            continue;
        }
        if (c == '"') in_string = true;
        if (c == '[' || c == '{') ++depth;
        if (c == ']' || c == '}') --depth;
        if (depth > max_depth) return true;
    }
    return false;
}

[[gnu::noinline]] std::string dump_indented(const Json& value, int indent) {
    return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// Overwrites what a function that was called before from the same place had on the stack.
[[gnu::noinline]] void wipe_stack_below() {
    std::array<char, 2048> used;
    explicit_bzero(used.data(), used.size());
}

/// The library gathers half a kilobyte of text at a time on the stack; it may hold secrets.
std::string dump_and_wipe(const Json& value, int indent) {
    std::string text = dump_indented(value, indent);
    wipe_stack_below();
    return text;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::size_t max_bytes, int max_depth) {
    if (text.size() > max_bytes) {
        return fail(
            ErrorKind::invalid,
            fmt::format("the JSON text has {} bytes; at most {} are read", text.size(), max_bytes));
    }
    if (deeper_than(text, max_depth)) {
        return fail(ErrorKind::invalid,
                    fmt::format("the JSON text is nested deeper than {} levels", max_depth));
    }
    Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (value.is_discarded()) return fail(ErrorKind::invalid, "the text is not valid JSON");
    return value;
}

std::string dump_json(const Json& value) { return dump_and_wipe(value, -1); }

std::string dump_json_pretty(const Json& value) { return dump_and_wipe(value, 2); }

const Json& json_member(const Json& object, std::string_view key) {
    static const Json null;
    if (!object.is_object()) return null;
    const auto found = object.find(key);
    return found == object.end() ? null : *found;
}

std::string json_string(const Json& object, std::string_view key, std::string_view otherwise) {
    const Json& member = json_member(object, key);
    return member.is_string() ? member.get<std::string>() : std::string(otherwise);
}

long long json_int(const Json& object, std::string_view key, long long otherwise) {
    const Json& member = json_member(object, key);
    return member.is_number_integer() ? member.get<long long>() : otherwise;
}

bool json_bool(const Json& object, std::string_view key, bool otherwise) {
    const Json& member = json_member(object, key);
    return member.is_boolean() ? member.get<bool>() : otherwise;
}

}  // namespace hatchery::base
