#pragma once

#include <string_view>

#include "base/encoding.hpp"
#include "core/validate.hpp"

namespace hatchery::api::routes {

/// Text to look for in lines.
[[nodiscard]] inline core::Wrong check_search(std::string_view text) {
    const bool fits = base::is_utf8(text) && text.size() <= 200 && text.find('\0') == text.npos;
    return fits ? core::Wrong{} : core::Wrong{"must be text of at most 200 bytes"};
}

}  // namespace hatchery::api::routes
