#include "store/token_repository.hpp"

#include "base/encoding.hpp"
#include "store/subscription_rows.hpp"
#include "store/user_rows.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

/// A token's last use is written down this coarsely: one write a minute, not one a request.
constexpr std::chrono::minutes use_resolution{1};

constexpr std::string_view insert_user = R"(
    INSERT INTO users (id, email, role, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (lower(email)) DO NOTHING)";
constexpr std::string_view select_user_by_email =
    "SELECT id, email, role, created_at, name FROM users WHERE lower(email) = lower($1)";
constexpr std::string_view select_user =
    "SELECT id, email, role, created_at, name FROM users WHERE id = $1";
constexpr std::string_view update_role = "UPDATE users SET role = $2 WHERE id = $1";
constexpr std::string_view insert_token = R"(
    INSERT INTO api_tokens (id, user_id, name, token_hash, scopes, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5::text[], $6, $7)
    ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash
        WHERE api_tokens.user_id = excluded.user_id
    RETURNING id, user_id, name, scopes, created_at, expires_at, last_used_at, revoked_at)";
constexpr std::string_view hold_request =
    "SELECT 1 FROM idempotent_requests WHERE id = $1 AND lease_token = $2 FOR SHARE";
constexpr std::string_view count_others = R"(
    SELECT count(*) FROM api_tokens WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > $3))";
constexpr std::string_view select_principal = R"(
    SELECT t.id, t.user_id, u.email, u.role, t.scopes,
           t.last_used_at IS NULL OR t.last_used_at < $3, t.expires_at,
           u.name,
           t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)
    FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = $1)";
constexpr std::string_view note_use = "UPDATE api_tokens SET last_used_at = $2 WHERE id = $1";
constexpr std::string_view select_tokens = R"(
    SELECT id, user_id, name, scopes, created_at, expires_at, last_used_at, revoked_at
    FROM api_tokens WHERE user_id = $1 AND ($2::uuid IS NULL OR id < $2::uuid)
    ORDER BY id DESC LIMIT $3::bigint)";
constexpr std::string_view revoke_token = R"(
    UPDATE api_tokens SET revoked_at = coalesce(revoked_at, $3)
    WHERE id = $1 AND ($2::uuid IS NULL OR user_id = $2::uuid))";

ApiToken read_token(const Rows::Row& row) {
    return {.id = row.id<base::ApiTokenId>(0),
            .user_id = row.id<base::UserId>(1),
            .name = row.text(2),
            .scopes = parse_array(row.text(3)),
            .created_at = row.time(4),
            .expires_at = row.optional_time(5),
            .last_used_at = row.optional_time(6),
            .revoked_at = row.optional_time(7)};
}

class PgTokenRepository final : public TokenRepository {
public:
    PgTokenRepository(Database& database, base::Clock& clock, base::Random& random)
        : database_(database), clock_(clock), random_(random) {}

    Result<User> get_or_create_user(const std::string& email, UserRole role) override {
        if (email.empty() || email.size() > 320 || !base::is_utf8(email)) {
            return fail(ErrorKind::invalid, "The e-mail address is empty, too long or no text.");
        }
        const auto now = clock_.now();
        return database_.run([&](Sql& sql) -> Result<User> {
            const Rows found = sql.query(select_user_by_email, {email});
            if (!found.empty()) return read_user(found[0]);
            (void)sql.query(insert_user,
                            {base::make_id<base::UserId>(now, random_), email, role, now});
            return read_user(sql.query(select_user_by_email, {email})[0]);
        });
    }

    Result<User> find_user(const base::UserId& id) override {
        const auto missing = [] { return fail(ErrorKind::not_found, "There is no such user."); };
        if (!base::is_uuid(id.text())) return missing();
        return database_.run([&](Sql& sql) -> Result<User> {
            const Rows rows = sql.query(select_user, {id});
            if (rows.empty()) return missing();
            return read_user(rows[0]);
        });
    }

    Result<User> find_user_by_email(const std::string& email) override {
        return database_.run([&](Sql& sql) -> Result<User> {
            const Rows rows = sql.query(select_user_by_email, {base::to_utf8(email)});
            if (rows.empty()) return fail(ErrorKind::not_found, "There is no such user.");
            return read_user(rows[0]);
        });
    }

    Result<void> set_role(const base::UserId& id, UserRole role) override {
        return database_.run([&](Sql& sql) -> Result<void> {
            if (sql.query(update_role, {id, role}).affected() == 0) {
                return fail(ErrorKind::not_found, "There is no such user.");
            }
            return {};
        });
    }

    Result<ApiToken> create(const NewApiToken& token) override {
        const auto now = clock_.now();
        const auto id = token.id.empty() ? base::make_id<base::ApiTokenId>(now, random_) : token.id;
        return database_.transact([&](Sql& sql) -> Result<ApiToken> {
            if (token.most_others) {
                lock_user(sql, token.user_id);
                const auto others = sql.query(count_others, {token.user_id, id, now})[0].integer(0);
                if (others > *token.most_others) return too_many(others);
            }
            if (!token.lease.empty() && sql.query(hold_request, {id, token.lease}).empty()) {
                return fail(ErrorKind::conflict, "Another run of this request goes on with it.",
                            "Send it again in a moment.");
            }
            const Rows rows = sql.query(
                insert_token, {id, token.user_id, base::to_utf8(token.name), token.hash_hex,
                               array_text(token.scopes), now, token.expires_at});
            return read_token(rows[0]);
        });
    }

    Result<Principal> find_principal(const std::string& hash_hex,
                                     Freshness /*freshness*/) override {
        const auto now = clock_.now();
        return database_.run([&](Sql& sql) -> Result<Principal> {
            const Rows rows = sql.query(select_principal, {base::to_utf8(hash_hex), now,
                                                           base::TimePoint(now - use_resolution)});
            if (rows.empty()) {
                return fail(ErrorKind::unauthorized, "The API token is unknown.");
            }
            if (!rows[0].boolean(8)) {
                return fail({.kind = ErrorKind::unauthorized,
                             .message = "The API token has ended.",
                             .code = credential_ended});
            }
            Principal principal{.user_id = rows[0].id<base::UserId>(1),
                                .email = rows[0].text(2),
                                .role = rows[0].enumerator<UserRole>(3),
                                .name = rows[0].text(7),
                                .scopes = parse_array(rows[0].text(4)),
                                .token_id = rows[0].id<base::ApiTokenId>(0),
                                .session_id = {},
                                .service_user_id = {},
                                .expires_at = rows[0].optional_time(6)};
            if (rows[0].boolean(5)) (void)sql.query(note_use, {principal.token_id, now});
            return principal;
        });
    }

    Result<std::vector<ApiToken>> list(const base::UserId& user,
                                       const std::optional<base::ApiTokenId>& before,
                                       int limit) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<ApiToken>> {
            const Rows rows = sql.query(select_tokens, {user, before, limit});
            std::vector<ApiToken> tokens;
            for (std::size_t i = 0; i < rows.size(); ++i) tokens.push_back(read_token(rows[i]));
            return tokens;
        });
    }

    Result<void> revoke(const base::ApiTokenId& token,
                        const std::optional<base::UserId>& user) override {
        const auto missing = [] {
            return fail(ErrorKind::not_found, "There is no such API token.");
        };
        if (!base::is_uuid(token.text())) return missing();
        return database_.run([&](Sql& sql) -> Result<void> {
            if (sql.query(revoke_token, {token, user, clock_.now()}).affected() == 0) {
                return missing();
            }
            return {};
        });
    }

private:
    static tl::unexpected<base::Error> too_many(std::int64_t count) {
        return fail(ErrorKind::quota_exceeded,
                    "You have " + std::to_string(count) + " API tokens already.",
                    "Revoke one that is no longer used.");
    }

    Database& database_;
    base::Clock& clock_;
    base::Random& random_;
};

}  // namespace

std::unique_ptr<TokenRepository> make_token_repository(Database& database, base::Clock& clock,
                                                       base::Random& random) {
    return std::make_unique<PgTokenRepository>(database, clock, random);
}

}  // namespace hatchery::store
