#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace hatchery::ports {

/// Seals secrets for the database with AES-256-GCM under a ring of master keys. `binding` (table,
/// column, row) is authenticated: sealed text moved to another row does not open. Thread-safe.
class SecretBox {
public:
    struct Sealed {
        /// Which master key sealed it; stored beside it for rotation.
        std::string key_id;
        /// Nonce, ciphertext and tag, base64.
        std::string text;
    };
    virtual ~SecretBox() = default;
    /// The keys in the ring, the one that seals first.
    [[nodiscard]] virtual std::vector<std::string> key_ids() const = 0;
    [[nodiscard]] virtual Sealed seal(const base::Secret& secret, const std::string& binding) = 0;
    /// `internal` when the key is not in the ring or the text was changed.
    [[nodiscard]] virtual base::Result<base::Secret> open(const Sealed& sealed,
                                                          const std::string& binding) = 0;
};

/// Ed25519 keys in OpenSSH's text forms.
struct SshKeyPair {
    /// `ssh-ed25519 AAAA…` without a comment.
    std::string public_key;
    /// `-----BEGIN OPENSSH PRIVATE KEY-----…`.
    base::Secret private_key;
};

/// Makes key pairs. Thread-safe.
class KeyMaker {
public:
    virtual ~KeyMaker() = default;
    [[nodiscard]] virtual SshKeyPair make_ssh_key() = 0;
};

}  // namespace hatchery::ports
