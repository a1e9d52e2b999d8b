#pragma once

#include <string>
#include <string_view>

namespace hatchery::remote {

/// SHA-256 in hexadecimal, for names that follow content and for telling keys apart.
[[nodiscard]] std::string content_hash(std::string_view bytes);

}  // namespace hatchery::remote
