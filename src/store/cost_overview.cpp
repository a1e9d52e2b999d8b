#include "store/cost_overview.hpp"

namespace hatchery::store {

namespace {

using base::Result;
using base::TimePoint;

const std::string begin_time = "CAST($2 AS timestamptz)";
const std::string end_time = "CAST($3 AS timestamptz)";

// The totals come first. A server that was made by hand has no bot.
const std::string select_of_user =
    "WITH spent AS (SELECT bot_id, currency, " + spent_between(begin_time, end_time) + R"( AS amount
        FROM server_costs
        WHERE user_id = $1 AND begun_at < CAST($3 AS timestamptz)
          AND (ended_at IS NULL OR ended_at > CAST($2 AS timestamptz))
    ), sums AS (
        SELECT bot_id, currency, coalesce(sum(amount), 0) AS amount, count(*) AS servers,
               count(*) FILTER (WHERE amount IS NULL) AS unpriced, grouping(bot_id) = 1 AS total
        FROM spent GROUP BY GROUPING SETS ((bot_id, currency), (currency))
    )
    SELECT s.bot_id, b.name, s.bot_id IS NOT NULL AND (b.deleted_at IS NOT NULL OR b.id IS NULL),
           round(s.amount, 4), s.currency, s.servers, s.unpriced, s.total
    FROM sums s LEFT JOIN bots b ON b.id = s.bot_id
    ORDER BY s.total DESC, s.amount DESC, s.bot_id, s.currency LIMIT 1000)";

const std::string select_of_bot =
    R"(
    WITH months AS (
        SELECT m AT TIME ZONE 'UTC' AS begins,
               least((m + interval '1 month') AT TIME ZONE 'UTC', CAST($3 AS timestamptz)) AS ends
        FROM generate_series(CAST($2 AS timestamptz) AT TIME ZONE 'UTC',
                             CAST($3 AS timestamptz) AT TIME ZONE 'UTC', interval '1 month') AS m
    )
    SELECT begins, round(coalesce(sum()" +
    spent_between("begins", "ends") + R"(), 0), 4), currency, count(*),
           count(*) FILTER (WHERE hourly IS NULL)
    FROM months JOIN server_costs
        ON bot_id = $1 AND begun_at < ends AND (ended_at IS NULL OR ended_at > begins)
    GROUP BY begins, currency ORDER BY begins DESC, currency)";

constexpr std::string_view select_rates = R"(
    SELECT provider, coalesce(round(sum(monthly), 2), 0), currency, count(*),
           count(*) FILTER (WHERE monthly IS NULL OR monthly = 0)
    FROM server_costs WHERE ended_at IS NULL
    GROUP BY provider, currency ORDER BY provider, currency)";

Spent read_spent(const Rows::Row& row, int first) {
    return {.amount = row.text(first),
            .currency = row.text(first + 1),
            .servers = row.integer(first + 2),
            .unpriced = row.integer(first + 3)};
}

class PgCostOverview final : public CostOverview {
public:
    explicit PgCostOverview(Database& database) : database_(database) {}

    Result<UserCosts> of_user(const base::UserId& user, TimePoint begin, TimePoint end) override {
        return database_.run([&](Sql& sql) -> Result<UserCosts> {
            const Rows rows = sql.query(select_of_user, {user, begin, end});
            UserCosts costs;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                const auto row = rows[i];
                if (row.boolean(7)) {
                    costs.totals.push_back(read_spent(row, 3));
                } else {
                    costs.bots.push_back({.bot_id = row.id<base::BotId>(0),
                                          .name = row.text_or_empty(1),
                                          .deleted = row.boolean(2),
                                          .spent = read_spent(row, 3)});
                }
            }
            return costs;
        });
    }

    Result<std::vector<MonthCost>> of_bot(const base::BotId& bot, TimePoint first,
                                          TimePoint now) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<MonthCost>> {
            const Rows rows = sql.query(select_of_bot, {bot, first, now});
            std::vector<MonthCost> months;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                months.push_back({.month = rows[i].time(0), .spent = read_spent(rows[i], 1)});
            }
            return months;
        });
    }

    Result<std::vector<MonthlyRate>> rates() override {
        return database_.run([&](Sql& sql) -> Result<std::vector<MonthlyRate>> {
            const Rows rows = sql.query(select_rates);
            std::vector<MonthlyRate> rates;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                rates.push_back({.provider = rows[i].text(0), .spent = read_spent(rows[i], 1)});
            }
            return rates;
        });
    }

private:
    Database& database_;
};

}  // namespace

std::string spent_between(const std::string& begin, const std::string& end) {
    return "CASE WHEN hourly IS NOT NULL THEN least("
           "CASE WHEN monthly > 0 THEN monthly ELSE CAST('Infinity' AS numeric) END, "
           "ceil(greatest(0, extract(epoch FROM least(coalesce(ended_at, " +
           end + "), " + end + ") - greatest(begun_at, " + begin + "))) / 3600) * hourly) END";
}

std::unique_ptr<CostOverview> make_cost_overview(Database& database) {
    return std::make_unique<PgCostOverview>(database);
}

}  // namespace hatchery::store
