#include "store/idempotent_requests.hpp"

#include "base/json_value.hpp"
#include "store/secret_rows.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr const char* body_name = "body";

// This key's row if it has expired, and some others' that nobody else is forgetting just now.
constexpr std::string_view forget = R"(
    WITH others AS (
        SELECT id FROM idempotent_requests WHERE expires_at <= $3
        ORDER BY expires_at LIMIT 50 FOR UPDATE SKIP LOCKED),
    gone AS (
        DELETE FROM idempotent_requests WHERE id IN (
            SELECT id FROM idempotent_requests
            WHERE user_id = $1 AND key_hash = $2 AND expires_at <= $3
            UNION ALL SELECT id FROM others)
        RETURNING id)
    DELETE FROM sealed_secrets s USING gone WHERE s.owner = 'answer' AND s.owner_id = gone.id)";
constexpr std::string_view insert_request = R"(
    INSERT INTO idempotent_requests (id, user_id, key_hash, request_hash, request_id, created_at,
                                     expires_at, lease_token, lease_until)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (user_id, key_hash) DO NOTHING)";
constexpr std::string_view select_request = R"(
    SELECT id, request_hash, status, content_type, headers, lease_until
    FROM idempotent_requests WHERE user_id = $1 AND key_hash = $2 FOR UPDATE)";
constexpr std::string_view take_over = R"(
    UPDATE idempotent_requests SET lease_token = $2, lease_until = $3 WHERE id = $1)";
constexpr std::string_view finish_request = R"(
    UPDATE idempotent_requests
    SET status = $3, content_type = $4, headers = $5::jsonb, lease_token = NULL, lease_until = NULL
    WHERE id = $1 AND lease_token = $2)";
constexpr std::string_view delete_request =
    "DELETE FROM idempotent_requests WHERE id = $1 AND lease_token = $2";
constexpr std::string_view yield_request =
    "UPDATE idempotent_requests SET lease_until = $3 WHERE id = $1 AND lease_token = $2";

ports::SecretRef body_of(const std::string& id) {
    return {.owner = ports::SecretOwner::answer, .owner_id = id, .name = body_name};
}

class PgIdempotentRequests final : public IdempotentRequests {
public:
    PgIdempotentRequests(Database& database, ports::SecretBox& box, base::Clock& clock,
                         base::Random& random)
        : database_(database), box_(box), clock_(clock), random_(random) {}

    Result<BegunRequest> begin(const IdempotentRequest& request) override {
        const auto now = clock_.now();
        const auto until = base::TimePoint(now + lease_for);
        BegunRequest mine{.how = Begun::fresh,
                          .id = base::make_uuid_v7(now, random_),
                          .lease = base::make_id<base::LeaseToken>(now, random_),
                          .answer = {}};
        return database_.transact([&](Sql& sql) -> Result<BegunRequest> {
            (void)sql.query(forget, {request.user, request.key_hash, now});
            const Rows inserted =
                sql.query(insert_request, {mine.id, request.user, request.key_hash,
                                           request.request_hash, request.request_id, now,
                                           base::TimePoint(now + kept_for), mine.lease, until});
            if (inserted.affected() == 1) return mine;
            const Rows rows = sql.query(select_request, {request.user, request.key_hash});
            // Released between the two statements: whoever asks again finds it free.
            if (rows.empty()) return BegunRequest{.how = Begun::held};
            if (rows[0].text(1) != request.request_hash) return BegunRequest{.how = Begun::another};
            if (!rows[0].null(2)) return kept(sql, rows[0]);
            if (rows[0].time(5) > now) return BegunRequest{.how = Begun::held};
            mine.how = Begun::resumed;
            mine.id = rows[0].text(0);
            (void)sql.query(take_over, {mine.id, mine.lease, until});
            return mine;
        });
    }

    Result<void> finish(const BegunRequest& begun, const KeptAnswer& answer) override {
        const auto now = clock_.now();
        base::Json headers = base::Json::object();
        for (const auto& [name, value] : answer.headers) headers[name] = value;
        return database_.transact([&](Sql& sql) -> Result<void> {
            const Rows done =
                sql.query(finish_request, {begun.id, begun.lease, answer.status,
                                           answer.content_type, base::dump_json(headers)});
            if (done.affected() == 0) return fail(ErrorKind::conflict, "The lease was lost.");
            write_secret(sql, box_, body_of(begun.id), answer.body, now);
            return {};
        });
    }

    Result<void> release(const BegunRequest& begun) override {
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(delete_request, {begun.id, begun.lease});
            return {};
        });
    }

    Result<void> yield(const BegunRequest& begun) override {
        const auto now = clock_.now();
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(yield_request, {begun.id, begun.lease, now});
            return {};
        });
    }

private:
    Result<BegunRequest> kept(Sql& sql, const Rows::Row& row) {
        BegunRequest begun{.how = Begun::answered, .id = row.text(0), .lease = {}, .answer = {}};
        auto body = read_secret(sql, box_, body_of(begun.id));
        if (!body) return fail(std::move(body).error());
        KeptAnswer answer{.status = static_cast<int>(row.integer(2)),
                          .content_type = row.text(3),
                          .headers = {},
                          .body = std::move(*body)};
        const auto headers = base::parse_json(row.text(4));
        if (!headers) return fail(ErrorKind::internal, "A kept answer's headers are broken.");
        for (const auto& [name, value] : headers->items()) {
            answer.headers.emplace_back(name, value.get<std::string>());
        }
        begun.answer = std::move(answer);
        return begun;
    }

    Database& database_;
    ports::SecretBox& box_;
    base::Clock& clock_;
    base::Random& random_;
};

}  // namespace

std::unique_ptr<IdempotentRequests> make_idempotent_requests(Database& database,
                                                             ports::SecretBox& box,
                                                             base::Clock& clock,
                                                             base::Random& random) {
    return std::make_unique<PgIdempotentRequests>(database, box, clock, random);
}

}  // namespace hatchery::store
