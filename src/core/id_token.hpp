#pragma once

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace hatchery::core {

/// Who an issuer says that somebody is.
struct Identity {
    std::string issuer;
    /// The issuer's own name of the person, which never changes.
    std::string subject;
    /// Verified by the issuer.
    std::string email;
    /// As the person writes it; may be empty.
    std::string name;
};

/// What an ID token must say to be for us and for this sign-in.
struct IdTokenExpectations {
    std::string issuer;
    std::string client_id;
    std::string nonce;
    base::TimePoint now;
    /// How far the issuer's clock may be off.
    std::chrono::seconds leeway{60};
    /// A token older than this is not from this sign-in.
    std::chrono::seconds max_age{15 * 60};
};

/// Checks the claims of an ID token whose signature has been checked (OpenID Connect Core 1.0,
/// 3.1.3.7): issuer, audience, authorized party, times, nonce, verified e-mail. `unauthorized` with
/// the first thing that is wrong; the message repeats nothing of the token.
[[nodiscard]] base::Result<Identity> check_id_token(const base::Json& claims,
                                                    const IdTokenExpectations& expected);

/// Whether two e-mail addresses are the same for us: without case, as the database compares them.
[[nodiscard]] bool same_email(const std::string& left, const std::string& right);

}  // namespace hatchery::core
