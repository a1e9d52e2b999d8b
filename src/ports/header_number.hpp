#pragma once

#include <charconv>
#include <optional>
#include <string>

#include "ports/http_transport.hpp"

namespace hatchery::ports {

/// A header's number, from zero on; nothing when there is none. What stands behind the digits is
/// passed over. `name` is in lower case.
[[nodiscard]] inline std::optional<long long> header_number(const HttpResponse& response,
                                                            const std::string& name) {
    const auto found = response.headers.find(name);
    if (found == response.headers.end()) return std::nullopt;
    const std::string& text = found->second;
    long long value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc{} && value >= 0 ? std::optional(value) : std::nullopt;
}

}  // namespace hatchery::ports
