#pragma once

#include <memory>
#include <span>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "ports/secret_box.hpp"

namespace hatchery::crypto {

/// A box over a ring of master keys, each 32 bytes in base64. The first one seals; all of them
/// open, so that a new key is put in front and the old ones go when nothing is sealed by them.
/// A key's id is the first 8 hex digits of its SHA-256. `invalid`, naming HATCHERY_MASTER_KEY and
/// the key's place in the list but never the key, when the ring is empty or a key is malformed.
[[nodiscard]] base::Result<std::unique_ptr<ports::SecretBox>> make_secret_box(
    std::span<const base::Secret> master_keys_base64);

/// Makes Ed25519 keys in OpenSSH's text forms, from the operating system's randomness.
[[nodiscard]] std::unique_ptr<ports::KeyMaker> make_key_maker();

/// A fresh master key for HATCHERY_MASTER_KEY: 32 random bytes in base64.
[[nodiscard]] base::Secret make_master_key();

}  // namespace hatchery::crypto
