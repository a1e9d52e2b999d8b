#include "store/pg_cloud_ledger.hpp"

#include "base/encoding.hpp"
#include "core/server.hpp"
#include "store/cost_ceiling.hpp"
#include "store/cost_overview.hpp"
#include "store/held_lease.hpp"
#include "store/server_end.hpp"
#include "store/subscription_rows.hpp"

namespace hatchery::store {

namespace {

using base::Result;
using base::TimePoint;

const std::string select_subscription = std::string("SELECT") + columns::subscription +
                                        "FROM bots b JOIN subscriptions s ON s.user_id = b.user_id "
                                        "WHERE b.id = $1";
constexpr std::string_view provider_of = "SELECT provider FROM servers WHERE id = $1";
constexpr std::string_view intend_statement = R"(
    UPDATE servers
    SET state = 'creating', price_monthly = $2, price_currency = $3, create_begun_at = $4
    WHERE id = $1 AND state <> 'deleted')";

// The index of uuids serves this; what is none stays out of the cast.
constexpr std::string_view count_known_servers = R"(
    SELECT count(DISTINCT s.id) FROM unnest(CAST($1 AS text[])) AS said (id)
    JOIN servers s ON s.id = CASE WHEN said.id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        THEN CAST(said.id AS uuid) END)";
constexpr std::string_view count_billed =
    "SELECT provider, count(*) FROM servers WHERE state NOT IN ('planned', 'deleted') "
    "GROUP BY provider";
constexpr std::string_view fail_bot = R"(
    UPDATE bots SET status = 'failed', condition = NULL, status_reason = $2, updated_at = $3
    WHERE id = $1)";
constexpr std::string_view tell_bot = R"(
    WITH numbered AS (
        UPDATE bots SET last_event_seq = last_event_seq + 1 WHERE id = $1
        RETURNING id, last_event_seq
    )
    INSERT INTO events (bot_id, seq, at, type, level, stream, message, data)
    SELECT id, last_event_seq, $2, $3, $4, 'engine', $5, CAST($6 AS json) FROM numbered)";

const std::string costs_statement = R"(
    WITH spent AS (
        SELECT CASE CAST($1 AS text) WHEN 'bot' THEN CAST(bot_id AS text) WHEN 'user' THEN CAST(user_id AS text)
                   ELSE provider END AS key,
            currency, )" + spent_between("CAST($2 AS timestamptz)", "CAST($3 AS timestamptz)") +
                                    R"( AS amount
        FROM server_costs
        WHERE begun_at < CAST($3 AS timestamptz) AND (ended_at IS NULL OR ended_at > CAST($2 AS timestamptz))
          AND (CAST($1 AS text) <> 'bot' OR bot_id IS NOT NULL)
    ), sums AS (
        SELECT key, currency, coalesce(sum(amount), 0) AS amount, count(*) AS servers,
            count(*) FILTER (WHERE amount IS NULL) AS unpriced
        FROM spent GROUP BY key, currency
    )
    SELECT s.key,
        CASE CAST($1 AS text) WHEN 'bot' THEN (SELECT name FROM bots WHERE id = CAST(s.key AS uuid))
            WHEN 'user' THEN (SELECT email FROM users WHERE id = CAST(s.key AS uuid))
            ELSE s.key END,
        round(s.amount, 4), s.currency, s.servers, s.unpriced
    FROM sums s ORDER BY s.amount DESC, s.key LIMIT 1000)";

constexpr std::string_view mark_statement = "SELECT mark FROM cloud_projects WHERE provider = $1";
constexpr std::string_view keep_mark_statement = R"(
    INSERT INTO cloud_projects (provider, mark, marked_at) VALUES ($1, $2, $3)
    ON CONFLICT (provider) DO UPDATE SET mark = excluded.mark, marked_at = excluded.marked_at)";
constexpr std::string_view ask_statement = R"(
    INSERT INTO cloud_sweep_wishes (asked_at) VALUES ($1)
    ON CONFLICT (singleton) DO UPDATE SET asked_at = excluded.asked_at)";
constexpr std::string_view asked_statement = "SELECT asked_at FROM cloud_sweep_wishes";
constexpr std::string_view keep_statement = R"(
    INSERT INTO cloud_sweeps (provider, report, swept_at) VALUES ($1, CAST($2 AS json), $3)
    ON CONFLICT (provider) DO UPDATE SET report = excluded.report, swept_at = excluded.swept_at)";
constexpr std::string_view sweeps_statement =
    "SELECT provider, report, swept_at FROM cloud_sweeps ORDER BY provider";

tl::unexpected<base::Error> no_such_server() {
    return base::fail(base::ErrorKind::not_found, "There is no such server.");
}

class PgCloudLedger final : public ports::CloudLedger {
public:
    PgCloudLedger(Database& database, Hints& hints) : database_(database), hints_(hints) {}

    Result<std::optional<core::Subscription>> subscription_of(const base::BotId& bot) override {
        return database_.run([&](Sql& sql) -> Result<std::optional<core::Subscription>> {
            const Rows rows = sql.query(select_subscription, {bot});
            if (rows.empty()) return std::nullopt;
            return read_subscription(rows[0]);
        });
    }

    Result<ports::CreateAllowance> intend_create(const ports::Lease& lease,
                                                 const base::ServerId& server,
                                                 const ports::CreateIntent& intent) override {
        return database_.transact([&](Sql& sql) -> Result<ports::CreateAllowance> {
            const Rows provider = sql.query(provider_of, {server});
            if (provider.empty()) return no_such_server();
            auto asked = ask_ceiling(sql, {.provider = provider[0].text(0),
                                           .server = server,
                                           .price_monthly = intent.price_monthly,
                                           .ceiling = intent.ceiling});
            if (!asked) return base::fail(std::move(asked).error());
            // Looked at last, since a wait for the ceiling's lock may outlast the lease.
            if (!holds(sql, lease)) {
                return base::fail(base::ErrorKind::conflict, "The lease on the job was lost.");
            }
            if (asked->granted &&
                sql.query(intend_statement,
                          {server, intent.price_monthly, intent.price_currency, intent.begun_at})
                        .affected() == 0) {
                return no_such_server();
            }
            return ports::CreateAllowance{.granted = asked->granted, .would_be = asked->would_be};
        });
    }

    Result<std::size_t> count_known(const std::vector<std::string>& servers) override {
        std::vector<std::string> said;
        for (const auto& id : servers) said.push_back(base::to_utf8(id));
        return database_.run([&](Sql& sql) -> Result<std::size_t> {
            const Rows rows = sql.query(count_known_servers, {array_text(said)});
            return static_cast<std::size_t>(rows[0].integer(0));
        });
    }

    Result<std::map<std::string, std::int64_t>> servers_billed() override {
        return database_.run([&](Sql& sql) -> Result<std::map<std::string, std::int64_t>> {
            const Rows rows = sql.query(count_billed);
            std::map<std::string, std::int64_t> counts;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                counts[rows[i].text(0)] = rows[i].integer(1);
            }
            return counts;
        });
    }

    Result<bool> server_vanished(const base::ServerId& server, const std::string& reason,
                                 TimePoint now) override {
        std::optional<base::BotId> changed;
        const auto done = database_.transact([&](Sql& sql) -> Result<bool> {
            changed.reset();
            if (end_hand_server(sql, server, now)) return true;
            if (!lock_bot_of(sql, server)) return false;
            const ServerUse use = use_of(sql, server);
            if (use.worked_on || use.state == core::ServerState::deleted) return false;
            (void)end_server(sql, server, now);
            // A bot that has given the server up already is none the worse.
            if (!use.in_use) return true;
            (void)sql.query(fail_bot, {use.bot, reason, now});
            (void)sql.query(tell_bot, {use.bot, now, core::EventType::status,
                                       core::EventLevel::error, reason, R"({"status":"failed"})"});
            changed = use.bot;
            return true;
        });
        if (done && changed) hints_.bot_changed(*changed);
        return done;
    }

    Result<void> tell(const base::BotId& bot, const std::string& message, core::EventLevel level,
                      TimePoint now) override {
        const auto told = database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(tell_bot,
                            {bot, now, core::EventType::log, level, message, std::nullopt});
            return {};
        });
        if (told) hints_.bot_changed(bot);
        return told;
    }

    Result<std::vector<ports::CostSum>> costs(ports::CostsBy by, TimePoint begin,
                                              TimePoint end) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<ports::CostSum>> {
            const Rows rows = sql.query(costs_statement, {by, begin, end});
            std::vector<ports::CostSum> sums;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                sums.push_back({.key = rows[i].text(0),
                                .name = rows[i].text_or_empty(1),
                                .amount = rows[i].text(2),
                                .currency = rows[i].text(3),
                                .servers = rows[i].integer(4),
                                .unpriced = rows[i].integer(5)});
            }
            return sums;
        });
    }

    Result<std::optional<std::string>> project_mark(const std::string& provider) override {
        return database_.run([&](Sql& sql) -> Result<std::optional<std::string>> {
            const Rows rows = sql.query(mark_statement, {provider});
            if (rows.empty()) return std::nullopt;
            return rows[0].text(0);
        });
    }

    Result<void> keep_project_mark(const std::string& provider, const std::string& mark,
                                   TimePoint now) override {
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(keep_mark_statement, {provider, mark, now});
            return {};
        });
    }

    Result<void> ask_for_sweep(TimePoint now) override {
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(ask_statement, {now});
            return {};
        });
    }

    Result<std::optional<TimePoint>> sweep_asked_at() override {
        return database_.run([&](Sql& sql) -> Result<std::optional<TimePoint>> {
            const Rows rows = sql.query(asked_statement);
            if (rows.empty()) return std::nullopt;
            return rows[0].time(0);
        });
    }

    Result<void> keep_sweep(const std::string& provider, const std::string& report,
                            TimePoint now) override {
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(keep_statement, {provider, report, now});
            return {};
        });
    }

    Result<std::vector<KeptSweep>> sweeps() override {
        return database_.run([&](Sql& sql) -> Result<std::vector<KeptSweep>> {
            const Rows rows = sql.query(sweeps_statement);
            std::vector<KeptSweep> kept;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                kept.push_back({.provider = rows[i].text(0),
                                .report = rows[i].text(1),
                                .at = rows[i].time(2)});
            }
            return kept;
        });
    }

private:
    Database& database_;
    Hints& hints_;
};

}  // namespace

std::unique_ptr<ports::CloudLedger> make_pg_cloud_ledger(Database& database, Hints& hints) {
    return std::make_unique<PgCloudLedger>(database, hints);
}

}  // namespace hatchery::store
