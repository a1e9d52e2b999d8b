#pragma once

#include <string>

namespace hatchery::sandbox {

/// "b7:2f:…", the MD5 of the key's bytes, as clouds show it; empty when the text is not an
/// OpenSSH public key.
std::string fingerprint_of(const std::string& public_key);

}  // namespace hatchery::sandbox
