#pragma once

#include <memory>
#include <string>

#include "base/json.hpp"

namespace hatchery::sandbox::sign_in {

/// An RSA key of this process that signs ID tokens with RS256. Thread-safe.
class IdTokenSigner {
public:
    /// Makes the key; throws std::runtime_error when OpenSSL cannot.
    IdTokenSigner();
    ~IdTokenSigner();
    IdTokenSigner(const IdTokenSigner&) = delete;
    IdTokenSigner& operator=(const IdTokenSigner&) = delete;

    /// The public key as a JWK set.
    [[nodiscard]] base::Json key_set() const;
    /// A JWT with these claims.
    [[nodiscard]] std::string sign(const base::Json& claims) const;

private:
    struct Key;
    std::unique_ptr<Key> key_;
};

/// SHA-256 of the text, in base64url: PKCE's S256.
[[nodiscard]] std::string s256(const std::string& text);

}  // namespace hatchery::sandbox::sign_in
