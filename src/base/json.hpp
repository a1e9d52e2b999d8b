#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace hatchery::base {

/// The JSON type; include base/json_value.hpp in a .cpp to look inside. Parsing and printing are
/// compiled once, here, because their templates cost seconds in every other file.
using Json = nlohmann::json;

/// Parses outside text. Refuses text over `max_bytes`, deeper than `max_depth` (a deep tree
/// overflows the stack when copied), malformed JSON and malformed UTF-8: ErrorKind::invalid.
[[nodiscard]] Result<Json> parse_json(std::string_view text, std::size_t max_bytes = 4U << 20U,
                                      int max_depth = 64);

/// Compact text; malformed UTF-8 becomes U+FFFD instead of an exception.
[[nodiscard]] std::string dump_json(const Json& value);
/// The same, indented by two spaces.
[[nodiscard]] std::string dump_json_pretty(const Json& value);

/// Members of an object, lenient: nothing when absent or of another type. For providers' answers.
[[nodiscard]] std::string json_string(const Json& object, std::string_view key,
                                      std::string_view otherwise = {});
[[nodiscard]] long long json_int(const Json& object, std::string_view key, long long otherwise = 0);
[[nodiscard]] bool json_bool(const Json& object, std::string_view key, bool otherwise = false);
/// The member, or a null value.
[[nodiscard]] const Json& json_member(const Json& object, std::string_view key);

}  // namespace hatchery::base
