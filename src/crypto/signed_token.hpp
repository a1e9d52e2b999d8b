#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace hatchery::crypto {

/// The public keys by which an issuer signs, and what is signed by them (RFC 7515, 7517).
/// Thread-safe.
class SigningKeys {
public:
    virtual ~SigningKeys() = default;
    /// The payload of a token in compact form, once its signature has been checked: RS256 by an RSA
    /// key of 2048 bits or more, or ES256 by a P-256 key, and nothing else whatever the token's
    /// head says. `not_found` when it names a key that is not among these, which a fresher set may
    /// have; `unauthorized` for everything else that is wrong.
    [[nodiscard]] virtual base::Result<std::string> open(std::string_view token) const = 0;
};

/// Reads a JWK set; keys that are of no use here are left out. `bad_response` when it is none, or
/// has no usable key.
[[nodiscard]] base::Result<std::unique_ptr<SigningKeys>> make_signing_keys(std::string_view jwks);

}  // namespace hatchery::crypto
