#include "api/body_reader.hpp"
#include "api/routes/month.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

/// A year, with the month that has begun.
constexpr int months_shown = 12;

Json spent_view(const store::Spent& spent) {
    return sum_view(spent.amount, spent.currency, spent.servers, spent.unpriced);
}

/// What the caller's bots have cost in a month, up to now.
Outcome own_costs(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto now = context.deps.clock.now();
    const Month month = read_month(query, now);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto costs =
        context.deps.cost_overview.of_user(exchange.user(), month.begin, month.up_to(now));
    if (!costs) return refuse(costs.error());
    Json totals = Json::array();
    std::int64_t unpriced = 0;
    for (const auto& total : costs->totals) {
        unpriced += total.unpriced;
        Json view = spent_view(total);
        if (!view.is_null()) totals.push_back(std::move(view));
    }
    Json bots = Json::array();
    for (const auto& one : costs->bots) {
        bots.push_back({{"botId", one.bot_id.empty() ? Json() : Json(one.bot_id.text())},
                        {"name", one.name.empty() ? Json() : Json(one.name)},
                        {"deleted", one.deleted},
                        {"cost", spent_view(one.spent)},
                        {"servers", one.spent.servers},
                        {"unpricedServers", one.spent.unpriced}});
    }
    return json_answer(200, {{"month", month.text},
                             {"totals", std::move(totals)},
                             {"unpricedServers", unpriced},
                             {"bots", std::move(bots)}});
}

/// What a bot has cost, month by month.
Outcome bot_costs(RouteContext& context, const Exchange& exchange) {
    const auto bot = own_bot(context, exchange, exchange.path.front());
    if (!bot) return refuse(bot.error());
    const auto now = context.deps.clock.now();
    const auto first = month_before(now, months_shown - 1).begin;
    const auto costs = context.deps.cost_overview.of_bot(bot->id, first, now);
    if (!costs) return refuse(costs.error());
    Json months = Json::array();
    for (const auto& one : *costs) {
        months.push_back({{"month", month_at(one.month).text},
                          {"cost", spent_view(one.spent)},
                          {"servers", one.spent.servers},
                          {"unpricedServers", one.spent.unpriced}});
    }
    return json_answer(
        200,
        {{"botId", bot->id.text()}, {"month", month_at(now).text}, {"months", std::move(months)}});
}

}  // namespace

void add_cost_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/costs", [&](const Exchange& e) { return own_costs(context, e); });
    router.add("GET", "/api/bots/:id/costs",
               [&](const Exchange& e) { return bot_costs(context, e); });
}

}  // namespace hatchery::api::routes
