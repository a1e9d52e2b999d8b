#include <fmt/format.h>

#include "api/routes/routes.hpp"
#include "base/json_value.hpp"
#include "core/cloud_budget.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

/// What the provider takes of our requests, as all processes together know it; null when nothing is
/// known of its limits.
Json requests_view(RouteContext& context, const std::string& provider) {
    if (context.deps.cloud_budgets == nullptr) return {};
    const auto policy = core::usual_budget(provider);
    const auto view = context.deps.cloud_budgets->view(provider, policy);
    if (!view || view->left.empty()) return {};
    Json limits = Json::array();
    for (std::size_t i = 0; i < view->left.size(); ++i) {
        const bool stated = i == 0 && view->state.stated_limit;
        limits.push_back({{"windowSeconds", policy.limits[i].window.count()},
                          {"limit", stated ? *view->state.stated_limit : policy.limits[i].requests},
                          {"left", view->left[i]}});
    }
    return {{"limits", std::move(limits)},
            {"pausedUntil", time_view(view->state.paused_until)},
            {"refused", view->state.refused_by_provider},
            {"createsUnderWay", view->state.creates.size()}};
}

/// What the last sweep found; null before the first.
Json sweep_view(const std::vector<ports::CloudLedger::KeptSweep>& sweeps,
                const std::string& provider) {
    for (const auto& sweep : sweeps) {
        if (sweep.provider != provider) continue;
        Json view = base::parse_json(sweep.report).value_or(Json::object());
        view["sweptAt"] = base::format_time(sweep.at);
        return view;
    }
    return {};
}

Json project_view(RouteContext& context, const std::string& provider,
                  const std::vector<store::MonthlyRate>& rates) {
    Json monthly = Json::array();
    std::int64_t servers = 0;
    std::int64_t unpriced = 0;
    for (const auto& rate : rates) {
        if (rate.provider != provider) continue;
        servers += rate.spent.servers;
        unpriced += rate.spent.unpriced;
        if (!rate.spent.currency.empty()) {
            monthly.push_back(money_view(rate.spent.amount, rate.spent.currency));
        }
    }
    const auto& ceilings = context.deps.settings.cost_ceilings;
    const auto ceiling = ceilings.find(provider);
    return {{"provider", provider},
            {"servers", servers},
            {"unpricedServers", unpriced},
            {"monthly", std::move(monthly)},
            {"ceiling",
             ceiling == ceilings.end() ? Json() : Json(fmt::format("{:.2f}", ceiling->second))},
            {"requests", requests_view(context, provider)}};
}

/// Every provider with what its servers cost and may cost, what it takes of our requests, and what
/// the last sweep found. Nobody outside is asked.
Outcome projects(RouteContext& context) {
    const auto rates = context.deps.cost_overview.rates();
    if (!rates) return refuse(rates.error());
    const auto sweeps = context.deps.ledger.sweeps();
    if (!sweeps) return refuse(sweeps.error());
    Json items = Json::array();
    for (const auto& [name, cloud] : context.deps.clouds) {
        Json view = project_view(context, name, *rates);
        view["sweep"] = sweep_view(*sweeps, name);
        items.push_back(std::move(view));
    }
    return json_answer(200, {{"items", std::move(items)}, {"next", Json()}});
}

}  // namespace

void add_cloud_project_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/cloud/projects", [&](const Exchange&) { return projects(context); });
}

}  // namespace hatchery::api::routes
