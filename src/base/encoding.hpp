#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hatchery::base {

[[nodiscard]] std::string hex_encode(std::string_view bytes);
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);
/// RFC 4648 base64 with padding.
[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// RFC 4648 base64url without padding.
[[nodiscard]] std::string base64url_encode(std::string_view bytes);
/// Reads both alphabets, with or without padding; nothing on any other character.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
/// Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view bytes);
/// The number of code points of well-formed UTF-8.
[[nodiscard]] std::size_t utf8_length(std::string_view text);
/// Replaces malformed sequences and NUL by U+FFFD, so that any bytes can be stored as text.
[[nodiscard]] std::string to_utf8(std::string_view bytes);

}  // namespace hatchery::base
