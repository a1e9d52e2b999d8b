#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace hatchery::crypto {

/// SHA-256 (FIPS 180-4) as lower-case hexadecimal text.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// The same over a file's content, read in pieces. `not_found` or `internal` when unreadable.
[[nodiscard]] base::Result<std::string> sha256_file(const std::string& path);
/// HMAC-SHA256 (RFC 2104) as 32 raw bytes.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view message);
/// Compares in time that depends on the lengths only.
[[nodiscard]] bool constant_time_equal(std::string_view left, std::string_view right);

}  // namespace hatchery::crypto
