#include "store/pg_subscription_store.hpp"

#include "store/subscription_rows.hpp"

namespace hatchery::store {

namespace {

using base::Result;
using base::TimePoint;

const std::string select_due = std::string("SELECT") + columns::subscription + R"(
    FROM subscriptions s
    WHERE s.stage = $1 AND s.period_end <= $2
      AND ($3::timestamptz IS NULL OR s.stage_at <= $3::timestamptz)
    ORDER BY s.period_end, s.user_id LIMIT $4::bigint)";

const std::string select_too_early = std::string("SELECT") + columns::subscription + R"(
    FROM subscriptions s
    WHERE (s.stage = ANY ($1::text[]) AND s.period_end > $2)
       OR (s.stage = ANY ($3::text[]) AND s.period_end IS NOT NULL AND s.stage_at > $4)
    ORDER BY s.user_id LIMIT $5::bigint)";

// Bots are locked in the order of their ids, since this is one statement about many of them.
constexpr std::string_view enter_stages = R"(
    WITH entries AS (
        SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[])
            AS e (user_id, version, stage, message)
    ), entered AS (
        UPDATE subscriptions s SET stage = e.stage, stage_at = $5, version = s.version + 1,
            updated_at = $5
        FROM entries e WHERE s.user_id = e.user_id AND s.version = e.version
        RETURNING s.user_id, e.message
    ), concerned AS (
        SELECT b.id, entered.message FROM bots b JOIN entered ON entered.user_id = b.user_id
        WHERE b.deleted_at IS NULL ORDER BY b.id FOR NO KEY UPDATE OF b
    ), numbered AS (
        UPDATE bots SET last_event_seq = last_event_seq + 1
        FROM concerned WHERE bots.id = concerned.id
        RETURNING bots.id, bots.last_event_seq, concerned.message
    ), told AS (
        INSERT INTO events (bot_id, seq, at, type, level, stream, message)
        SELECT id, last_event_seq, $5, 'log', 'warning', 'engine', message FROM numbered
        RETURNING bot_id
    )
    SELECT (SELECT array_agg(user_id) FROM entered), (SELECT array_agg(bot_id) FROM told))";

constexpr std::string_view select_unpaid = R"(
    SELECT b.id, b.user_id, coalesce(t.attempts, 0)
    FROM subscriptions s
    JOIN bots b ON b.user_id = s.user_id AND b.deleted_at IS NULL
    LEFT JOIN billing_stops t ON t.bot_id = b.id
    WHERE s.stage = ANY ($1::text[]) AND s.period_end IS NOT NULL
      AND b.status <> 'stopped'
      AND EXISTS (SELECT FROM deployments d WHERE d.bot_id = b.id AND d.ended_at IS NULL)
      AND (t.next_try_at IS NULL OR t.next_try_at <= $2)
    ORDER BY b.id LIMIT $3::bigint)";
// The lock makes it wait for a payment that is being written, and look at the row again then.
constexpr std::string_view upsert_attempt = R"(
    INSERT INTO billing_stops (bot_id, attempts, next_try_at)
    SELECT b.id, $2::bigint, $3
    FROM bots b JOIN subscriptions s ON s.user_id = b.user_id
    WHERE b.id = $1 AND s.stage = ANY ($4::text[]) AND s.period_end IS NOT NULL
    FOR SHARE OF s
    ON CONFLICT (bot_id) DO UPDATE SET attempts = excluded.attempts,
        next_try_at = excluded.next_try_at)";
constexpr std::string_view select_kept = R"(
    SELECT count(*), count(DISTINCT b.user_id)
    FROM subscriptions s JOIN bots b ON b.user_id = s.user_id AND b.deleted_at IS NULL
    WHERE s.stage = 'closed' AND s.period_end IS NOT NULL AND b.status = 'stopped'
      AND EXISTS (SELECT FROM deployments d WHERE d.bot_id = b.id AND d.ended_at IS NULL))";

// Each bot's first events are looked at by their numbers, the oldest first, so that no index on
// their times is needed; a bot whose first event is young costs one look.
constexpr std::string_view prune = R"(
    WITH page AS (
        SELECT b.id, coalesce(k.since, $3::timestamptz) AS since
        FROM bots b
        LEFT JOIN subscriptions s ON s.user_id = b.user_id
        LEFT JOIN unnest($1::text[], $2::timestamptz[]) AS k (plan, since) ON k.plan = s.plan
        WHERE $4::uuid IS NULL OR b.id > $4::uuid
        ORDER BY b.id LIMIT $5::bigint
    ), old AS (
        SELECT page.id, page.since FROM page
        CROSS JOIN LATERAL (SELECT at FROM events WHERE bot_id = page.id
                            ORDER BY seq LIMIT 1) AS oldest
        WHERE oldest.at < page.since
    ), ends AS (
        SELECT old.id, (
            SELECT coalesce(min(first.seq) FILTER (WHERE first.at >= old.since) - 1,
                            max(first.seq))
            FROM (SELECT seq, at FROM events WHERE bot_id = old.id
                  ORDER BY seq LIMIT $6::bigint) AS first
        ) AS seq FROM old
    ), gone AS (
        DELETE FROM events USING ends WHERE events.bot_id = ends.id AND events.seq <= ends.seq
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM page),
           (SELECT id FROM page ORDER BY id DESC LIMIT 1))";
// A chat writes no lines of a story; of other operations, those of the story's oldest line and
// later are still told of. A bot shows its last operation, and the fleet what the last good deploy
// installed.
constexpr std::string_view prune_ended_operations = R"(
    WITH page AS (
        SELECT id, bot_id, kind, state, created_at, finished_at FROM operations
        WHERE created_at < $1
            AND ($2::timestamptz IS NULL OR (created_at, id) > ($2::timestamptz, $3::uuid))
        ORDER BY created_at, id LIMIT $4::bigint
    ), gone AS (
        DELETE FROM operations USING page
        WHERE operations.id = page.id AND page.finished_at < $1
            AND (page.kind = 'chat'
                 OR (NOT EXISTS (SELECT FROM bots b WHERE b.id = page.bot_id AND b.deleted_at IS NULL)
                     OR (EXISTS (SELECT FROM operations later
                                 WHERE later.bot_id = page.bot_id AND later.kind <> 'chat'
                                     AND (later.created_at, later.id)
                                         > (page.created_at, page.id))
                         AND (page.kind NOT IN ('deploy', 'upgrade') OR page.state <> 'succeeded'
                              OR EXISTS (SELECT FROM operations later
                                         WHERE later.bot_id = page.bot_id AND later.id > page.id
                                             AND later.kind IN ('deploy', 'upgrade')
                                             AND later.state = 'succeeded'))))
                    AND NOT coalesce((SELECT at FROM events WHERE bot_id = page.bot_id
                                      ORDER BY seq LIMIT 1) <= page.finished_at, false))
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM page),
           (SELECT max(created_at) FROM page),
           (SELECT id FROM page ORDER BY created_at DESC, id DESC LIMIT 1))";
constexpr std::string_view prune_billing = R"(
    DELETE FROM billing_events WHERE id IN (
        SELECT id FROM billing_events WHERE received_at < $1 ORDER BY received_at
        LIMIT $2::bigint))";

std::string stages(std::initializer_list<core::BillingStage> list) {
    std::vector<std::string> names;
    for (const auto stage : list) names.emplace_back(base::to_text(stage));
    return array_text(names);
}

/// Those in which no bot may go on.
std::string unpaid_stages() {
    using enum core::BillingStage;
    return stages({stopped, closing, closed});
}

template <typename Id>
std::vector<Id> ids_in(const Rows::Row& row, int column) {
    std::vector<Id> ids;
    if (row.null(column)) return ids;
    for (const auto& text : parse_array(row.text(column))) ids.emplace_back(text);
    return ids;
}

class PgSubscriptionStore final : public ports::SubscriptionStore {
public:
    PgSubscriptionStore(Database& database, Hints& hints) : database_(database), hints_(hints) {}

    Result<std::vector<core::Subscription>> due(core::BillingStage stage,
                                                const core::StageBounds& bounds,
                                                int limit) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<core::Subscription>> {
            return read_all(
                sql.query(select_due, {stage, bounds.period_end, bounds.stage_at, limit}));
        });
    }

    Result<std::vector<core::Subscription>> too_early(TimePoint now, int limit) override {
        using enum core::BillingStage;
        return database_.run([&](Sql& sql) -> Result<std::vector<core::Subscription>> {
            return read_all(
                sql.query(select_too_early,
                          {stages({grace, stopped, closing, closed}), now, stages({grace, closing}),
                           TimePoint(now + core::clock_tolerance), limit}));
        });
    }

    Result<std::vector<base::UserId>> enter(std::span<const ports::StageEntry> entries,
                                            TimePoint now) override {
        if (entries.empty()) return std::vector<base::UserId>{};
        std::vector<std::string> users, next, messages;
        std::vector<std::int64_t> versions;
        for (const auto& entry : entries) {
            users.push_back(entry.from.user_id.text());
            versions.push_back(entry.from.version);
            next.emplace_back(base::to_text(entry.to));
            messages.push_back(entry.message);
        }
        std::vector<base::BotId> told;
        auto entered = database_.transact([&](Sql& sql) -> Result<std::vector<base::UserId>> {
            const Rows rows =
                sql.query(enter_stages, {array_text(users), array_text(versions), array_text(next),
                                         array_text(messages), now});
            told = ids_in<base::BotId>(rows[0], 1);
            return ids_in<base::UserId>(rows[0], 0);
        });
        if (entered) {
            for (const auto& bot : told) hints_.bot_changed(bot);
        }
        return entered;
    }

    Result<std::vector<ports::UnpaidBot>> running_unpaid(TimePoint now, int limit) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<ports::UnpaidBot>> {
            const Rows rows = sql.query(select_unpaid, {unpaid_stages(), now, limit});
            std::vector<ports::UnpaidBot> found;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                found.push_back({.bot_id = rows[i].id<base::BotId>(0),
                                 .user_id = rows[i].id<base::UserId>(1),
                                 .attempts = static_cast<int>(rows[i].integer(2))});
            }
            return found;
        });
    }

    Result<bool> note_attempt(const base::BotId& bot, int attempts,
                              TimePoint next_try_at) override {
        return database_.run([&](Sql& sql) -> Result<bool> {
            return sql.query(upsert_attempt, {bot, attempts, next_try_at, unpaid_stages()})
                       .affected() > 0;
        });
    }

    Result<ports::KeptBots> count_kept() override {
        return database_.run([](Sql& sql) -> Result<ports::KeptBots> {
            const Rows rows = sql.query(select_kept);
            return ports::KeptBots{.bots = rows[0].integer(0), .users = rows[0].integer(1)};
        });
    }

    Result<ports::Pruned> prune_events(const ports::EventRetention& retention,
                                       const std::optional<base::BotId>& after, int bots,
                                       int events_each) override {
        std::vector<std::string> plans;
        std::vector<Param> since;
        for (const auto& [plan, time] : retention.keep_since) {
            plans.emplace_back(base::to_text(plan));
            since.emplace_back(time);
        }
        return database_.run([&](Sql& sql) -> Result<ports::Pruned> {
            const Rows rows =
                sql.query(prune, {array_text(plans), array_text(since),
                                  retention.keep_since_otherwise, after, bots, events_each});
            ports::Pruned pruned{.events = rows[0].integer(0), .next = {}};
            if (rows[0].integer(1) == bots) pruned.next = rows[0].id<base::BotId>(2);
            return pruned;
        });
    }

    Result<ports::PrunedOperations> prune_operations(
        TimePoint before, const std::optional<ports::OperationCursor>& after, int limit) override {
        std::optional<TimePoint> made;
        std::optional<base::OperationId> id;
        if (after) {
            made = after->created_at;
            id = after->id;
        }
        return database_.run([&](Sql& sql) -> Result<ports::PrunedOperations> {
            const Rows rows = sql.query(prune_ended_operations, {before, made, id, limit});
            ports::PrunedOperations pruned{.operations = rows[0].integer(0), .next = {}};
            if (rows[0].integer(1) == limit) {
                pruned.next = {.created_at = rows[0].time(2),
                               .id = rows[0].id<base::OperationId>(3)};
            }
            return pruned;
        });
    }

    Result<int> prune_billing_events(TimePoint before, int limit) override {
        return database_.run([&](Sql& sql) -> Result<int> {
            return static_cast<int>(sql.query(prune_billing, {before, limit}).affected());
        });
    }

private:
    static std::vector<core::Subscription> read_all(const Rows& rows) {
        std::vector<core::Subscription> found;
        for (std::size_t i = 0; i < rows.size(); ++i) found.push_back(read_subscription(rows[i]));
        return found;
    }

    Database& database_;
    Hints& hints_;
};

}  // namespace

std::unique_ptr<ports::SubscriptionStore> make_pg_subscription_store(Database& database,
                                                                     Hints& hints) {
    return std::make_unique<PgSubscriptionStore>(database, hints);
}

}  // namespace hatchery::store
