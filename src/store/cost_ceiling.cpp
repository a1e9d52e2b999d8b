#include "store/cost_ceiling.hpp"

#include <fmt/format.h>

namespace hatchery::store {

namespace {

constexpr std::string_view lock_statement =
    "SELECT pg_advisory_xact_lock(hashtext('cost_ceiling'), hashtext($1))";
// A statement of its own: one that waits for the lock reads everything else as it was before it.
constexpr std::string_view sum_statement = R"(
    SELECT known_price($3) IS NOT NULL, sum <= CAST($4 AS numeric), round(sum, 2)
    FROM (SELECT coalesce(sum(price_or_zero(price_monthly)), 0) + price_or_zero($3) AS sum
          FROM servers
          WHERE provider = $1 AND id <> $2 AND state NOT IN ('planned', 'deleted')) AS billed)";

}  // namespace

base::Result<CeilingAnswer> ask_ceiling(Sql& sql, const CeilingQuestion& question) {
    (void)sql.query(lock_statement, {question.provider});
    const Rows rows =
        sql.query(sum_statement, {question.provider, question.server, question.price_monthly,
                                  fmt::format("{:.4f}", question.ceiling)});
    if (!rows[0].boolean(0)) {
        return base::fail({.kind = base::ErrorKind::unavailable,
                           .effect = base::Effect::none,
                           .message = "What the server costs is not known now, and there is a "
                                      "limit on the costs at " +
                                      question.provider + ".",
                           .next_action = "Try it again in a minute.",
                           .code = "price_unknown"});
    }
    return CeilingAnswer{.granted = rows[0].boolean(1), .would_be = rows[0].text(2)};
}

}  // namespace hatchery::store
