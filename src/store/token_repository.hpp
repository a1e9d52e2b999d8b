#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "core/session.hpp"
#include "store/database.hpp"

namespace hatchery::store {

enum class UserRole : std::uint8_t {
    user,     ///< a customer
    support,  ///< reads everything, changes nothing
    admin,    ///< runs the fleet
};

struct User {
    base::UserId id;
    std::string email;
    UserRole role = UserRole::user;
    base::TimePoint created_at;
    /// As the person's OpenID provider writes it; may be empty.
    std::string name;
};

struct NewApiToken {
    /// Chosen here if empty. A token that is there already gets the new hash: its first secret was
    /// never shown.
    base::ApiTokenId id;
    /// With an id of an idempotent request: the right to finish that request.
    base::LeaseToken lease;
    base::UserId user_id;
    std::string name;
    /// SHA-256 of the token in lower-case hexadecimal; the token itself is stored nowhere.
    std::string hash_hex;
    std::vector<std::string> scopes;
    std::optional<base::TimePoint> expires_at;
    /// As many other live tokens as the user may have; unset: any number.
    std::optional<std::int64_t> most_others;
};

struct ApiToken {
    base::ApiTokenId id;
    base::UserId user_id;
    std::string name;
    std::vector<std::string> scopes;
    base::TimePoint created_at;
    std::optional<base::TimePoint> expires_at;
    std::optional<base::TimePoint> last_used_at;
    std::optional<base::TimePoint> revoked_at;
};

/// Who a request comes from.
struct Principal {
    base::UserId user_id;
    std::string email;
    UserRole role = UserRole::user;
    /// The user's name; may be empty.
    std::string name;
    /// What the token may do; a session's are those of its user's role.
    std::vector<std::string> scopes;
    /// Empty for a session.
    base::ApiTokenId token_id;
    /// Empty for a token.
    core::SessionId session_id;
    /// Whose token it is that acts for user_id; empty when nobody acts for another.
    base::UserId service_user_id;
    /// May see the things of all users; see api/access.hpp.
    bool sees_everything = false;
    /// When the token or the session ends; unset when it does not.
    std::optional<base::TimePoint> expires_at;
};

/// The code of an `unauthorized` error where the token or the session was good once: it has
/// expired, or was revoked. Without it there is none such, or none any more.
inline constexpr const char* credential_ended = "ended";

/// How old an answer may be.
enum class Freshness : std::uint8_t {
    current,  ///< what the database says now
    recent,   ///< what it said a moment ago, unless it told of a change; see recent_principals.hpp
};

/// Users and their API tokens. Thread-safe.
class TokenRepository {
public:
    virtual ~TokenRepository() = default;
    /// The user with this e-mail address (compared without case), made with `role` when new; an
    /// existing user keeps its role.
    [[nodiscard]] virtual base::Result<User> get_or_create_user(const std::string& email,
                                                                UserRole role) = 0;
    [[nodiscard]] virtual base::Result<User> find_user(const base::UserId& id) = 0;
    /// By e-mail address, compared without case.
    [[nodiscard]] virtual base::Result<User> find_user_by_email(const std::string& email) = 0;
    /// Gives the user another role, at once for all its tokens and sessions.
    [[nodiscard]] virtual base::Result<void> set_role(const base::UserId& id, UserRole role) = 0;

    /// `quota_exceeded` when the user has too many already, `conflict` when the lease was lost:
    /// another run has made the token, and what it shows must stay true.
    [[nodiscard]] virtual base::Result<ApiToken> create(const NewApiToken& token) = 0;
    /// Whom the token with this hash stands for; `unauthorized` when there is none, or it has
    /// expired or was revoked. Notes its use at most once a minute.
    [[nodiscard]] virtual base::Result<Principal> find_principal(
        const std::string& hash_hex, Freshness freshness = Freshness::current) = 0;
    /// Newest first, those made before `before`; revoked ones included.
    [[nodiscard]] virtual base::Result<std::vector<ApiToken>> list(
        const base::UserId& user, const std::optional<base::ApiTokenId>& before = {},
        int limit = 200) = 0;
    /// `not_found` when the user, or without one anybody, has no such token. Again is no error.
    [[nodiscard]] virtual base::Result<void> revoke(const base::ApiTokenId& token,
                                                    const std::optional<base::UserId>& user) = 0;
};

[[nodiscard]] std::unique_ptr<TokenRepository> make_token_repository(Database& database,
                                                                     base::Clock& clock,
                                                                     base::Random& random);

}  // namespace hatchery::store

template <>
struct hatchery::base::EnumNames<hatchery::store::UserRole> {
    using E = hatchery::store::UserRole;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::user, "user"}, {E::support, "support"}, {E::admin, "admin"}});
};
