#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/body_reader.hpp"
#include "base/encoding.hpp"
#include "base/enum_text.hpp"

namespace hatchery::api::routes {

/// A query parameter that is one of an enumeration's words.
template <typename E>
std::optional<E> choice(QueryReader& query, const std::string& name) {
    return query.choice<E>(name);
}

/// Text to look for in lines.
[[nodiscard]] inline core::Wrong check_search(std::string_view text) {
    const bool fits = base::is_utf8(text) && text.size() <= 200 && text.find('\0') == text.npos;
    return fits ? core::Wrong{} : core::Wrong{"must be text of at most 200 bytes"};
}

}  // namespace hatchery::api::routes
