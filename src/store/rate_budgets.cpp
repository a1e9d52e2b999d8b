#include "store/rate_budgets.hpp"

#include <algorithm>
#include <cmath>

namespace hatchery::store {

namespace {

using base::Result;

// full_at moves on by a minute's share for every request granted, and never beyond a minute from
// now. In the order of the keys, so that two statements cannot wait for each other.
constexpr std::string_view take_statement = R"(
    INSERT INTO rate_budgets AS b (budget, per_minute, granted, full_at)
    SELECT budget, per_minute, least(wanted, per_minute),
           now() + least(wanted, per_minute) * interval '1 minute' / per_minute
    FROM unnest($1::text[], $2::integer[], $3::integer[]) AS asked (budget, per_minute, wanted)
    ORDER BY budget
    ON CONFLICT (budget) DO UPDATE SET (per_minute, granted, full_at) = (
        SELECT excluded.per_minute, g.granted,
               g.base + g.granted * interval '1 minute' / excluded.per_minute
        FROM (SELECT start.base,
                     greatest(0, least(excluded.granted, floor(
                         (60 - extract(epoch FROM start.base - now())) * excluded.per_minute / 60
                         + 0.001)))::integer AS granted
              FROM (SELECT greatest(b.full_at, now()) AS base) start) g)
    RETURNING budget, granted, extract(epoch FROM full_at - now()) * 1000000)";
// What somebody is taking from is none that has rested for a minute: it is left alone, so that
// nobody waits for anybody.
constexpr std::string_view prune_statement = R"(
    DELETE FROM rate_budgets WHERE budget IN (
        SELECT budget FROM rate_budgets WHERE full_at < now() - interval '1 minute'
        FOR UPDATE SKIP LOCKED))";

RateGrant read_grant(const RateTake& take, const Rows::Row& row) {
    constexpr double minute_us = 60e6;
    const double full_in_us = std::stod(row.text(2));
    const double step_us = minute_us / take.per_minute;
    RateGrant grant{.granted = static_cast<int>(row.integer(1)), .left = 0};
    grant.left =
        static_cast<int>(std::max(0.0, std::floor((minute_us - full_in_us) / step_us + 0.001)));
    if (grant.left == 0) {
        const double next_us = full_in_us - (minute_us - step_us);
        grant.next_in =
            base::Milliseconds(static_cast<long long>(std::ceil(std::max(1000.0, next_us) / 1000)));
    }
    return grant;
}

class PgRateBudgets final : public RateBudgets {
public:
    explicit PgRateBudgets(Database& database) : database_(database) {}

    Result<std::vector<RateGrant>> take(std::span<const RateTake> takes) override {
        std::vector<std::string> budgets;
        std::vector<std::int64_t> limits;
        std::vector<std::int64_t> wanted;
        for (const auto& take : takes) {
            budgets.push_back(take.budget);
            limits.push_back(take.per_minute);
            wanted.push_back(take.wanted);
        }
        return database_.run([&](Sql& sql) -> Result<std::vector<RateGrant>> {
            const Rows rows = sql.query(
                take_statement, {array_text(budgets), array_text(limits), array_text(wanted)});
            std::vector<RateGrant> grants(takes.size());
            for (std::size_t i = 0; i < rows.size(); ++i) {
                const auto at = std::find(budgets.begin(), budgets.end(), rows[i].text(0));
                if (at == budgets.end()) continue;
                const auto place = static_cast<std::size_t>(at - budgets.begin());
                grants[place] = read_grant(takes[place], rows[i]);
            }
            return grants;
        });
    }

    Result<std::int64_t> prune() override {
        return database_.run([&](Sql& sql) -> Result<std::int64_t> {
            return sql.query(prune_statement).affected();
        });
    }

private:
    Database& database_;
};

}  // namespace

std::unique_ptr<RateBudgets> make_rate_budgets(Database& database) {
    return std::make_unique<PgRateBudgets>(database);
}

}  // namespace hatchery::store
