#include "store/account_repository.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "store/user_rows.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

/// A session's last use is written down this coarsely: one write a minute, not one a request.
constexpr std::chrono::minutes use_resolution{1};
constexpr std::size_t longest_agent = 200;

constexpr std::string_view forget_sign_ins = R"(
    DELETE FROM sign_ins WHERE state_hash IN
        (SELECT state_hash FROM sign_ins WHERE expires_at <= $1 ORDER BY expires_at LIMIT 100))";
constexpr std::string_view insert_sign_in = R"(
    INSERT INTO sign_ins (state_hash, browser_hash, return_to, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5))";
constexpr std::string_view delete_sign_in = R"(
    DELETE FROM sign_ins WHERE state_hash = $1 AND browser_hash = $2
    RETURNING return_to, expires_at > $3)";

constexpr std::string_view lock_email = "SELECT pg_advisory_xact_lock(hashtextextended($1, 5))";
constexpr std::string_view select_by_identity = R"(
    SELECT u.id, u.email, u.role, u.created_at, u.name
    FROM identities i JOIN users u ON u.id = i.user_id
    WHERE i.issuer = $1 AND i.subject = $2 FOR UPDATE OF u)";
// An issuer's subject alone names a person: an address is given to the next employee.
constexpr std::string_view select_by_email = R"(
    SELECT id, email, role, created_at, name,
           EXISTS (SELECT FROM identities i WHERE i.user_id = users.id)
    FROM users WHERE lower(email) = lower($1) FOR UPDATE)";
constexpr std::string_view insert_user = R"(
    INSERT INTO users (id, email, role, created_at, name) VALUES ($1, $2, $3, $4, $5)
    RETURNING id, email, role, created_at, name)";
// An address that another account has meanwhile stays that account's.
constexpr std::string_view update_user = R"(
    UPDATE users u SET name = $3, role = coalesce($4, role),
        email = CASE WHEN EXISTS (SELECT FROM users o WHERE lower(o.email) = lower($2)
                                  AND o.id <> u.id) THEN email ELSE $2 END
    WHERE id = $1
    RETURNING id, email, role, created_at, name)";
constexpr std::string_view upsert_identity = R"(
    INSERT INTO identities (issuer, subject, user_id, email, created_at, last_sign_in_at)
    VALUES ($1, $2, $3, $4, $5, $5)
    ON CONFLICT (issuer, subject) DO UPDATE SET email = excluded.email,
        last_sign_in_at = excluded.last_sign_in_at)";

constexpr std::string_view delete_identities = "DELETE FROM identities WHERE user_id = $1";
constexpr std::string_view forget_sessions = R"(
    DELETE FROM sessions WHERE id IN
        (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT 100))";
constexpr std::string_view insert_session = R"(
    INSERT INTO sessions (id, user_id, token_hash, created_at, last_used_at, expires_at,
                          address, user_agent)
    VALUES ($1, $2, $3, $4, $4, $5, $6, $7))";
constexpr std::string_view select_session = R"(
    SELECT u.id, u.email, u.role, u.created_at, u.name, s.id, s.last_used_at, s.expires_at
    FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1)";
constexpr std::string_view note_use =
    "UPDATE sessions SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2";
constexpr std::string_view select_sessions = R"(
    SELECT id, created_at, last_used_at, expires_at, address, user_agent FROM sessions
    WHERE user_id = $1 AND expires_at > $2 AND last_used_at > $3
      AND ($4::uuid IS NULL OR id < $4::uuid)
    ORDER BY id DESC LIMIT $5::bigint)";
constexpr std::string_view delete_one = "DELETE FROM sessions WHERE id = $1 AND user_id = $2";
constexpr std::string_view delete_others =
    "DELETE FROM sessions WHERE user_id = $1 AND ($2::uuid IS NULL OR id <> $2::uuid)";
constexpr std::string_view delete_session = "DELETE FROM sessions WHERE token_hash = $1";

class PgAccountRepository final : public AccountRepository {
public:
    PgAccountRepository(Database& database, base::Clock& clock, base::Random& random,
                        core::SessionLimits limits)
        : database_(database), clock_(clock), random_(random), limits_(limits) {}

    Result<void> begin_sign_in(const PendingSignIn& sign_in) override {
        const auto now = clock_.now();
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(forget_sign_ins, {now});
            (void)sql.query(insert_sign_in, {sign_in.state_hash, sign_in.browser_hash,
                                             sign_in.return_to, now, sign_in.expires_at});
            return {};
        });
    }

    Result<std::string> take_sign_in(const std::string& state_hash,
                                     const std::string& browser_hash) override {
        const auto now = clock_.now();
        return database_.run([&](Sql& sql) -> Result<std::string> {
            const Rows rows = sql.query(delete_sign_in, {state_hash, browser_hash, now});
            if (rows.empty() || !rows[0].boolean(1)) {
                return fail(ErrorKind::not_found, "This sign-in is over or began elsewhere.",
                            "Start again at /api/auth/google.");
            }
            return rows[0].text(0);
        });
    }

    Result<User> sign_in(const core::Identity& identity, std::optional<UserRole> granted) override {
        const auto now = clock_.now();
        return database_.transact([&](Sql& sql) -> Result<User> {
            // Two first sign-ins at once make one account.
            (void)sql.query(lock_email, {identity.email});
            auto user = account_of(sql, identity, granted, now);
            if (!user) return user;
            (void)sql.query(upsert_identity,
                            {identity.issuer, identity.subject, user->id, identity.email, now});
            return user;
        });
    }

    Result<Session> create_session(const base::UserId& user, const std::string& token_hash,
                                   const SessionOrigin& origin) override {
        const auto now = clock_.now();
        const auto made = database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(forget_sessions, {now});
            (void)sql.query(insert_session,
                            {base::make_id<core::SessionId>(now, random_), user, token_hash, now,
                             base::TimePoint(now + limits_.absolute), base::to_utf8(origin.address),
                             base::to_utf8(origin.user_agent.substr(0, longest_agent))});
            return {};
        });
        if (!made) return fail(made.error());
        return find_session(token_hash);
    }

    Result<Session> find_session(const std::string& token_hash) override {
        const auto now = clock_.now();
        return database_.run([&](Sql& sql) -> Result<Session> {
            const Rows rows = sql.query(select_session, {token_hash});
            base::Error ended{.kind = ErrorKind::unauthorized,
                              .message = "The session has ended.",
                              .next_action = "Sign in again."};
            if (rows.empty()) return fail(std::move(ended));
            Session session{
                .id = rows[0].id<core::SessionId>(5),
                .user = read_user(rows[0]),
                .times = {.last_used_at = rows[0].time(6), .expires_at = rows[0].time(7)}};
            if (!core::is_alive(session.times, limits_, now)) {
                ended.code = credential_ended;
                return fail(std::move(ended));
            }
            if (now - session.times.last_used_at >= use_resolution) {
                (void)sql.query(note_use, {session.id, now});
                session.times.last_used_at = now;
            }
            return session;
        });
    }

    Result<void> end_session(const std::string& token_hash) override {
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(delete_session, {token_hash});
            return {};
        });
    }

    Result<Page<SessionView>> sessions(const base::UserId& user,
                                       const std::optional<std::string>& after,
                                       int limit) override {
        const auto now = clock_.now();
        if (after && !base::is_uuid(*after)) {
            return fail(ErrorKind::invalid, "The cursor is none of ours.");
        }
        return database_.run([&](Sql& sql) -> Result<Page<SessionView>> {
            const Rows rows =
                sql.query(select_sessions,
                          {user, now, base::TimePoint(now - limits_.idle), after, limit + 1});
            Page<SessionView> page;
            const auto most = std::min(rows.size(), static_cast<std::size_t>(limit));
            for (std::size_t i = 0; i < most; ++i) {
                page.items.push_back(
                    {.id = rows[i].id<core::SessionId>(0),
                     .created_at = rows[i].time(1),
                     .times = {.last_used_at = rows[i].time(2), .expires_at = rows[i].time(3)},
                     .origin = {.address = rows[i].text(4), .user_agent = rows[i].text(5)}});
            }
            if (rows.size() > most) page.next = page.items.back().id.text();
            return page;
        });
    }

    Result<void> release(const base::UserId& user) override {
        return database_.transact([&](Sql& sql) -> Result<void> {
            (void)sql.query(delete_identities, {user});
            (void)sql.query(delete_others, {user, std::optional<core::SessionId>()});
            return {};
        });
    }

    Result<void> end_session_of(const base::UserId& user, const core::SessionId& session) override {
        const auto missing = [] { return fail(ErrorKind::not_found, "There is no such session."); };
        if (!base::is_uuid(session.text())) return missing();
        return database_.run([&](Sql& sql) -> Result<void> {
            if (sql.query(delete_one, {session, user}).affected() == 0) return missing();
            return {};
        });
    }

    Result<std::int64_t> end_sessions_of(const base::UserId& user,
                                         const std::optional<core::SessionId>& kept) override {
        return database_.run([&](Sql& sql) -> Result<std::int64_t> {
            return sql.query(delete_others, {user, kept}).affected();
        });
    }

private:
    Result<User> account_of(Sql& sql, const core::Identity& identity,
                            std::optional<UserRole> granted, base::TimePoint now) {
        Rows found = sql.query(select_by_identity, {identity.issuer, identity.subject});
        if (found.empty()) {
            found = sql.query(select_by_email, {identity.email});
            if (!found.empty() && found[0].boolean(5)) {
                return fail(ErrorKind::conflict,
                            "Another way of signing in has this e-mail address already.",
                            "Sign in the way you did before, or ask the operator.");
            }
        }
        if (found.empty()) {
            return read_user(
                sql.query(insert_user, {base::make_id<base::UserId>(now, random_), identity.email,
                                        granted.value_or(UserRole::user), now, identity.name})[0]);
        }
        return read_user(sql.query(update_user, {found[0].id<base::UserId>(0), identity.email,
                                                 identity.name, granted})[0]);
    }

    Database& database_;
    base::Clock& clock_;
    base::Random& random_;
    const core::SessionLimits limits_;
};

}  // namespace

std::unique_ptr<AccountRepository> make_account_repository(Database& database, base::Clock& clock,
                                                           base::Random& random,
                                                           core::SessionLimits limits) {
    return std::make_unique<PgAccountRepository>(database, clock, random, limits);
}

}  // namespace hatchery::store
