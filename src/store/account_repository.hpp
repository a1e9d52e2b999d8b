#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "core/id_token.hpp"
#include "core/session.hpp"
#include "store/database.hpp"
#include "store/page.hpp"
#include "store/token_repository.hpp"

namespace hatchery::store {

/// A sign-in that has gone to the issuer. Hashes are SHA-256 in lower-case hexadecimal.
struct PendingSignIn {
    std::string state_hash;
    /// Of the cookie that the browser got.
    std::string browser_hash;
    /// A path of this site.
    std::string return_to;
    base::TimePoint expires_at;
};

/// A browser's session.
struct Session {
    core::SessionId id;
    User user;
    core::SessionTimes times;
};

/// Where a session began.
struct SessionOrigin {
    std::string address;
    /// As the browser calls itself; cut to 200 bytes.
    std::string user_agent;
};

/// A session as its user sees it.
struct SessionView {
    core::SessionId id;
    base::TimePoint created_at;
    core::SessionTimes times;
    SessionOrigin origin;
};

/// Accounts by sign-in, and their sessions. Thread-safe.
class AccountRepository {
public:
    virtual ~AccountRepository() = default;

    /// Remembers it; forgets some that have expired.
    [[nodiscard]] virtual base::Result<void> begin_sign_in(const PendingSignIn& sign_in) = 0;
    /// Takes it, once: where to return to. `not_found` when there is none of this state and this
    /// browser, when it was taken before, or when it has expired.
    [[nodiscard]] virtual base::Result<std::string> take_sign_in(
        const std::string& state_hash, const std::string& browser_hash) = 0;

    /// The account of this identity, made when new and brought up to date when not. A new identity
    /// joins the account with its e-mail address only while that one has no identity: `conflict`.
    /// `granted` becomes the account's role; without it an account keeps its own.
    [[nodiscard]] virtual base::Result<User> sign_in(const core::Identity& identity,
                                                     std::optional<UserRole> granted) = 0;

    /// The account has no identity any more and its sessions are over: it is whoever's signs in
    /// next with its e-mail address.
    [[nodiscard]] virtual base::Result<void> release(const base::UserId& user) = 0;

    /// A new session of the user; forgets some that have ended.
    [[nodiscard]] virtual base::Result<Session> create_session(
        const base::UserId& user, const std::string& token_hash,
        const SessionOrigin& origin = {}) = 0;
    /// The session with this hash, `unauthorized` when there is none or it has ended. Notes its use
    /// at most once a minute.
    [[nodiscard]] virtual base::Result<Session> find_session(const std::string& token_hash) = 0;
    /// Again is no error.
    [[nodiscard]] virtual base::Result<void> end_session(const std::string& token_hash) = 0;
    /// The user's sessions that have not ended, newest first.
    [[nodiscard]] virtual base::Result<Page<SessionView>> sessions(
        const base::UserId& user, const std::optional<std::string>& after, int limit) = 0;
    /// Ends one session of the user; `not_found` when the user has no such.
    [[nodiscard]] virtual base::Result<void> end_session_of(const base::UserId& user,
                                                            const core::SessionId& session) = 0;
    /// Ends all sessions of the user but `kept`, if that is set. How many.
    [[nodiscard]] virtual base::Result<std::int64_t> end_sessions_of(
        const base::UserId& user, const std::optional<core::SessionId>& kept) = 0;
};

[[nodiscard]] std::unique_ptr<AccountRepository> make_account_repository(
    Database& database, base::Clock& clock, base::Random& random, core::SessionLimits limits);

}  // namespace hatchery::store
