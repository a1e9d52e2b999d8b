#pragma once

#include <optional>
#include <string>

#include "api/access.hpp"
#include "api/answer.hpp"
#include "api/cookies.hpp"
#include "store/account_repository.hpp"
#include "store/token_repository.hpp"

namespace hatchery::api {

struct AuthenticatorOptions {
    /// Whose pages may write with a session's cookie.
    std::string public_url;
};

/// Whom a request was found to come from, and why it is not let in nevertheless.
struct Admission {
    /// Set also for a known caller who is refused.
    std::optional<store::Principal> principal;
    std::optional<Problem> refused;
    /// It showed a token or a session, and there never was such, as far as we know.
    bool guessed = false;
};

/// Names for what a request shows of its caller: nothing secret, and no proof of anything. Empty
/// when it shows nothing.
struct ShownCaller {
    /// The same for the same token or session.
    std::string credential;
    /// The same for the same user acted for by it besides; `credential` when it names none.
    std::string acting;
};

/// Finds out who asks, by `Authorization: Bearer` or else by the session's cookie, and whether the
/// access table lets them in: 401 for nobody, 403 for a missing scope or role, for a write by
/// cookie without the CSRF token or from another site's page, and for a wrong `x-user-id`.
/// Thread-safe.
class Authenticator {
public:
    Authenticator(AuthenticatorOptions options, store::TokenRepository& tokens,
                  store::AccountRepository& accounts);

    [[nodiscard]] Admission admit(const Exchange& exchange, const AccessRule& rule) const;

    [[nodiscard]] ShownCaller shown_by(const Exchange& exchange) const;

private:
    [[nodiscard]] Admission by_token(const Exchange& exchange, const std::string& header,
                                     const AccessRule& rule) const;
    [[nodiscard]] Admission by_session(const Exchange& exchange, const AccessRule& rule) const;
    [[nodiscard]] Admission act_as(store::Principal service, const std::string& user_id,
                                   const AccessRule& rule) const;

    const AuthenticatorOptions options_;
    const Cookies cookies_;
    store::TokenRepository& tokens_;
    store::AccountRepository& accounts_;
};

[[nodiscard]] bool has_scope(const store::Principal& principal, Scope scope);
/// 403 that names the scope.
[[nodiscard]] Problem lacks_scope(Scope scope);

}  // namespace hatchery::api
