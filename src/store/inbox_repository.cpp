#include "store/inbox_repository.hpp"

#include "base/encoding.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::TimePoint;

constexpr std::string_view insert_update = R"(
    WITH bot AS (
        SELECT id FROM bots
        WHERE id = $1 AND deleted_at IS NULL
          AND ($6::bigint IS NULL OR coalesce(telegram_bot_id, 0) = $6::bigint)
        FOR KEY SHARE
    ), added AS (
        INSERT INTO webhook_inbox (bot_id, update_id, chat_id, body, next_attempt_at, received_at)
        SELECT id, $2::bigint, $3::bigint, $4, $5::timestamptz, $5::timestamptz FROM bot
        ON CONFLICT (bot_id, update_id) DO NOTHING
        RETURNING update_id
    )
    SELECT (SELECT count(*) FROM bot), (SELECT count(*) FROM added))";

// The first undelivered update of each chat; none of a chat that has one under way, so that an
// update that came late with a smaller number waits, too.
constexpr std::string_view claim_updates = R"(
    WITH heads AS MATERIALIZED (
        SELECT i.bot_id, i.update_id FROM webhook_inbox i
        WHERE i.state = 'pending' AND i.next_attempt_at <= $1
          AND (i.lease_until IS NULL OR i.lease_until < $1)
          AND NOT EXISTS (
              SELECT 1 FROM webhook_inbox e
              WHERE e.bot_id = i.bot_id AND e.chat_id = i.chat_id AND e.state = 'pending'
                AND (e.update_id < i.update_id
                     OR (e.update_id <> i.update_id AND e.lease_until >= $1)))
        ORDER BY i.received_at, i.update_id
        LIMIT $2::bigint
        FOR UPDATE SKIP LOCKED
    )
    UPDATE webhook_inbox i SET lease_token = gen_random_uuid(), lease_until = $3
    FROM heads WHERE i.bot_id = heads.bot_id AND i.update_id = heads.update_id
    RETURNING i.bot_id, i.update_id, i.chat_id, i.body, i.received_at, i.attempts, i.lease_token)";

constexpr std::string_view finish_update = R"(
    UPDATE webhook_inbox SET state = $4, finished_at = $5, reason = $6, lease_token = NULL,
        lease_until = NULL, attempts = attempts + 1
    WHERE bot_id = $1 AND update_id = $2::bigint AND lease_token = $3)";
constexpr std::string_view retry_update = R"(
    UPDATE webhook_inbox SET attempts = attempts + 1, next_attempt_at = $4, reason = $5,
        lease_token = NULL, lease_until = NULL
    WHERE bot_id = $1 AND update_id = $2::bigint AND lease_token = $3)";
constexpr std::string_view release_update = R"(
    UPDATE webhook_inbox SET lease_token = NULL, lease_until = NULL
    WHERE bot_id = $1 AND update_id = $2::bigint AND lease_token = $3)";
constexpr std::string_view hurry = R"(
    UPDATE webhook_inbox SET next_attempt_at = $2
    WHERE bot_id = $1 AND state = 'pending' AND next_attempt_at > $2)";
constexpr std::string_view prune_ended = R"(
    DELETE FROM webhook_inbox WHERE (bot_id, update_id) IN (
        (SELECT bot_id, update_id FROM webhook_inbox
         WHERE state = 'delivered' AND finished_at < $1 LIMIT $3::bigint)
        UNION ALL
        (SELECT bot_id, update_id FROM webhook_inbox
         WHERE state = 'dead' AND finished_at < $2 LIMIT $3::bigint)))";
constexpr std::string_view count_updates = R"(
    SELECT count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'dead'),
           min(received_at) FILTER (WHERE state = 'pending')
    FROM webhook_inbox
    WHERE state IN ('pending', 'dead') AND ($1::uuid IS NULL OR bot_id = $1::uuid))";

ClaimedUpdate read_claimed(const Rows::Row& row) {
    return {.bot_id = row.id<base::BotId>(0),
            .update_id = row.integer(1),
            .chat_id = row.integer(2),
            .body = row.text(3),
            .received_at = row.time(4),
            .attempts = static_cast<int>(row.integer(5)),
            .lease_token = row.id<base::LeaseToken>(6)};
}

class PgInboxRepository final : public InboxRepository {
public:
    PgInboxRepository(Database& database, Hints& hints) : database_(database), hints_(hints) {}

    Result<Stored> store(const NewUpdate& update) override {
        auto stored = database_.run([&](Sql& sql) -> Result<Stored> {
            const Rows rows =
                sql.query(insert_update,
                          {update.bot_id, update.update_id, update.chat_id,
                           base::to_utf8(update.body), update.received_at, update.telegram_bot_id});
            if (rows[0].integer(0) == 0) {
                return fail(ErrorKind::not_found, "There is no such bot.");
            }
            return rows[0].integer(1) > 0 ? Stored::stored : Stored::duplicate;
        });
        if (stored && *stored == Stored::stored) hints_.inbox_filled();
        return stored;
    }

    Result<std::vector<ClaimedUpdate>> claim(int limit, base::Milliseconds lease_for,
                                             TimePoint now) override {
        if (limit < 1) return std::vector<ClaimedUpdate>{};
        return database_.run([&](Sql& sql) -> Result<std::vector<ClaimedUpdate>> {
            const Rows rows = sql.query(claim_updates, {now, limit, TimePoint(now + lease_for)});
            std::vector<ClaimedUpdate> updates;
            for (std::size_t i = 0; i < rows.size(); ++i) updates.push_back(read_claimed(rows[i]));
            return updates;
        });
    }

    Result<void> delivered(const ClaimedUpdate& update, TimePoint now) override {
        auto done = finish(update, InboxState::delivered, "", now);
        // The next one of this chat can go.
        if (done) hints_.inbox_filled();
        return done;
    }

    Result<void> retry(const ClaimedUpdate& update, TimePoint at,
                       const std::string& reason) override {
        return fenced([&](Sql& sql) {
            return sql.query(retry_update, {update.bot_id, update.update_id, update.lease_token, at,
                                            base::to_utf8(reason)});
        });
    }

    Result<void> give_up(const ClaimedUpdate& update, const std::string& reason,
                         TimePoint now) override {
        auto done = finish(update, InboxState::dead, reason, now);
        if (done) hints_.inbox_filled();
        return done;
    }

    Result<void> release(const ClaimedUpdate& update) override {
        return fenced([&](Sql& sql) {
            return sql.query(release_update, {update.bot_id, update.update_id, update.lease_token});
        });
    }

    Result<int> bring_forward(const base::BotId& bot, TimePoint now) override {
        auto hurried = database_.run([&](Sql& sql) -> Result<int> {
            return static_cast<int>(sql.query(hurry, {bot, now}).affected());
        });
        if (hurried && *hurried > 0) hints_.inbox_filled();
        return hurried;
    }

    Result<int> prune(const PruneBefore& before, int limit) override {
        return database_.run([&](Sql& sql) -> Result<int> {
            return static_cast<int>(
                sql.query(prune_ended, {before.delivered, before.dead, limit}).affected());
        });
    }

    Result<InboxCounts> counts() override { return count(std::nullopt); }
    Result<InboxCounts> counts_of(const base::BotId& bot) override { return count(bot); }

private:
    template <typename Statement>
    Result<void> fenced(Statement&& statement) {
        return database_.run([&](Sql& sql) -> Result<void> {
            if (statement(sql).affected() == 0) {
                return fail(ErrorKind::conflict, "The lease on the update was lost.");
            }
            return {};
        });
    }

    Result<void> finish(const ClaimedUpdate& update, InboxState state, const std::string& reason,
                        TimePoint now) {
        return fenced([&](Sql& sql) {
            return sql.query(finish_update, {update.bot_id, update.update_id, update.lease_token,
                                             state, now, base::to_utf8(reason)});
        });
    }

    Result<InboxCounts> count(const std::optional<base::BotId>& bot) {
        return database_.run([&](Sql& sql) -> Result<InboxCounts> {
            const Rows rows = sql.query(count_updates, {bot});
            return InboxCounts{.pending = rows[0].integer(0),
                               .dead = rows[0].integer(1),
                               .oldest_pending = rows[0].optional_time(2).value_or(TimePoint{})};
        });
    }

    Database& database_;
    Hints& hints_;
};

}  // namespace

std::unique_ptr<InboxRepository> make_inbox_repository(Database& database, Hints& hints) {
    return std::make_unique<PgInboxRepository>(database, hints);
}

}  // namespace hatchery::store
