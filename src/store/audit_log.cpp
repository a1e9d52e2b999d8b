#include "store/audit_log.hpp"

#include "base/encoding.hpp"

namespace hatchery::store {

namespace {

using base::Result;

constexpr std::string_view insert_line = R"(
    INSERT INTO audit_log (at, actor, user_id, actor_name, token_id, session_id, service_user_id,
                           action, target, address, outcome, request_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12))";
constexpr std::string_view select_lines = R"(
    SELECT seq, at, actor, user_id, actor_name, token_id, session_id, service_user_id,
           action, target, address, outcome, request_id
    FROM audit_log
    WHERE ($1::bigint IS NULL OR seq < $1::bigint) AND ($2::uuid IS NULL OR user_id = $2::uuid)
      AND ($3 = '' OR action = $3) AND ($4::timestamptz IS NULL OR at >= $4::timestamptz)
    ORDER BY seq DESC LIMIT $5::bigint)";

AuditLine read_line(const Rows::Row& row) {
    return {.seq = row.integer(0),
            .at = row.time(1),
            .entry = {.actor = row.enumerator<AuditActor>(2),
                      .user_id = row.id<base::UserId>(3),
                      .actor_name = row.text(4),
                      .token_id = row.id<base::ApiTokenId>(5),
                      .session_id = row.id<core::SessionId>(6),
                      .service_user_id = row.id<base::UserId>(7),
                      .action = row.text(8),
                      .target = row.text(9),
                      .address = row.text(10),
                      .outcome = static_cast<int>(row.integer(11)),
                      .request_id = row.text(12)}};
}

class PgAuditLog final : public AuditLog {
public:
    PgAuditLog(Database& database, base::Clock& clock) : database_(database), clock_(clock) {}

    Result<void> append(const AuditEntry& entry) override {
        const auto now = clock_.now();
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(
                insert_line,
                {now, entry.actor, entry.user_id, base::to_utf8(entry.actor_name), entry.token_id,
                 entry.session_id, entry.service_user_id, entry.action, base::to_utf8(entry.target),
                 entry.address, entry.outcome, entry.request_id});
            return {};
        });
    }

    Result<Page<AuditLine>> find(const AuditQuery& query) override {
        return database_.run([&](Sql& sql) -> Result<Page<AuditLine>> {
            // One more than asked for tells whether there is a next page.
            const Rows rows =
                sql.query(select_lines, {query.before, query.user, base::to_utf8(query.action),
                                         query.since, query.limit + 1});
            Page<AuditLine> page;
            const auto most = static_cast<std::size_t>(query.limit);
            for (std::size_t i = 0; i < rows.size() && i < most; ++i) {
                page.items.push_back(read_line(rows[i]));
            }
            if (rows.size() > most) page.next = std::to_string(page.items.back().seq);
            return page;
        });
    }

private:
    Database& database_;
    base::Clock& clock_;
};

}  // namespace

Result<bool> audit_log_exists(Database& database) {
    return database.run([](Sql& sql) -> Result<bool> {
        return sql.query("SELECT to_regclass('audit_log') IS NOT NULL")[0].boolean(0);
    });
}

std::unique_ptr<AuditLog> make_audit_log(Database& database, base::Clock& clock) {
    return std::make_unique<PgAuditLog>(database, clock);
}

}  // namespace hatchery::store
