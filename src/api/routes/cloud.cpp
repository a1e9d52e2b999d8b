#include <algorithm>

#include "api/body_reader.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

Json type_view(const providers::Offer& offer) {
    return {{"type", offer.type},
            {"cores", offer.cores},
            {"memoryGb", offer.memory_gb},
            {"diskGb", offer.disk_gb},
            {"available", offer.available},
            {"priceMonthly", money_view(offer.price_monthly, offer.price_currency)},
            {"priceHourly", money_view(offer.price_hourly, offer.price_currency)}};
}

/// The offers of one provider, gathered by region.
void add_regions(Json& items, const std::string& provider, const OfferCache::Offers& offers) {
    std::vector<std::string> order;
    std::map<std::string, Json> regions;
    for (const auto& offer : offers) {
        auto [entry, fresh] = regions.try_emplace(offer.region);
        if (fresh) {
            order.push_back(offer.region);
            entry->second = {{"provider", provider},
                             {"region", offer.region},
                             {"description", offer.region_description},
                             {"serverTypes", Json::array()}};
        }
        entry->second["serverTypes"].push_back(type_view(offer));
    }
    for (const auto& region : order) items.push_back(std::move(regions[region]));
}

Outcome available_regions(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto wanted = query.text("provider", core::check_provider_word);
    if (wanted && !context.deps.clouds.contains(*wanted)) {
        query.wrong("provider", "is not a provider of this installation");
    }
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    Json items = Json::array();
    for (const auto& [name, provider] : context.deps.clouds) {
        if (wanted && name != *wanted) continue;
        auto offers = context.offers.offers(*provider, exchange.call(outside_limit));
        if (!offers) {
            Problem problem = problem_of_status(503, "The provider " + name + " did not answer.");
            problem.log_detail = offers.error().message;
            problem.retry_after_s = 5;
            return refuse(std::move(problem));
        }
        add_regions(items, name, *offers);
    }
    return json_answer(200, {{"items", std::move(items)}, {"next", Json()}});
}

}  // namespace

void add_cloud_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/cloud/available-regions",
               [&](const Exchange& exchange) { return available_regions(context, exchange); });
}

}  // namespace hatchery::api::routes
