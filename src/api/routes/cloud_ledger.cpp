#include <fmt/format.h>

#include <map>

#include "api/body_reader.hpp"
#include "api/list_page.hpp"
#include "api/routes/month.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

/// Of two sums of nothing known, whose currencies nobody asks for.
void add_servers(Json& item, const ports::CostSum& sum) {
    item["servers"] = item["servers"].get<std::int64_t>() + sum.servers;
    item["unpricedServers"] = item["unpricedServers"].get<std::int64_t>() + sum.unpriced;
}

/// What servers have cost in a month, up to now.
Outcome costs(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const ListPage page(query);
    const auto now = context.deps.clock.now();
    const Month month = read_month(query, now);
    const auto by = query.choice<ports::CostsBy>("by").value_or(ports::CostsBy::bot);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto sums = context.deps.ledger.costs(by, month.begin, month.up_to(now));
    if (!sums) return refuse(sums.error());
    Json items = Json::array();
    // A sum of which nothing is known has no currency in its view.
    const auto name_of = [](const std::string& id, const Json& cost) {
        return id + " " + (cost.is_null() ? "" : base::json_string(cost, "currency"));
    };
    std::map<std::string, std::string> place;
    for (const auto& sum : *sums) {
        Json cost = sum_view(sum.amount, sum.currency, sum.servers, sum.unpriced);
        auto [known, fresh] =
            place.try_emplace(name_of(sum.key, cost), fmt::format("{:06}", items.size()));
        if (!fresh) {
            add_servers(items[std::stoul(known->second)], sum);
            continue;
        }
        items.push_back({{"id", sum.key},
                         {"name", sum.name.empty() ? Json() : Json(sum.name)},
                         {"cost", std::move(cost)},
                         {"servers", sum.servers},
                         {"unpricedServers", sum.unpriced}});
    }
    const auto key_of = [&](const Json& item) {
        return place[name_of(base::json_string(item, "id"), item.at("cost"))];
    };
    return page.answer(std::move(items), key_of,
                       {{"month", month.text}, {"by", base::to_text(by)}});
}

/// What the last sweep of each provider found.
Outcome sweeps(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const ListPage page(query);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto kept = context.deps.ledger.sweeps();
    if (!kept) return refuse(kept.error());
    Json items = Json::array();
    for (const auto& sweep : *kept) {
        // Of a provider that is not configured any more no newer sweep will come.
        if (!context.deps.clouds.contains(sweep.provider)) continue;
        Json item = base::parse_json(sweep.report).value_or(Json::object());
        item["provider"] = sweep.provider;
        item["sweptAt"] = base::format_time(sweep.at);
        items.push_back(std::move(item));
    }
    return page.answer(std::move(items),
                       [](const Json& item) { return base::json_string(item, "provider"); });
}

Outcome ask_for_sweep(RouteContext& context) {
    const auto now = context.deps.clock.now();
    const auto asked = context.deps.ledger.ask_for_sweep(now);
    if (!asked) return refuse(asked.error());
    return json_answer(202, {{"askedAt", base::format_time(now)}});
}

}  // namespace

void add_cloud_ledger_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/admin/costs",
               [&](const Exchange& exchange) { return costs(context, exchange); });
    router.add("GET", "/api/cloud/sweep",
               [&](const Exchange& exchange) { return sweeps(context, exchange); });
    router.add("POST", "/api/cloud/sweep", [&](const Exchange&) { return ask_for_sweep(context); });
}

}  // namespace hatchery::api::routes
