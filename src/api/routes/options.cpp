#include "api/routes/routes.hpp"
#include "base/json_value.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

/// The ways to sign in; anybody may ask, for nobody is signed in yet.
Outcome sign_in_options(RouteContext& context) {
    Json items = Json::array();
    if (const auto* open_id = context.deps.open_id) {
        items.push_back(
            {{"name", "Google"}, {"url", "/api/auth/google"}, {"issuer", open_id->issuer()}});
    }
    return json_answer(200, {{"items", std::move(items)}});
}

Json models(const core::ModelCatalog& catalog) {
    Json items = Json::array();
    for (const auto& [name, model] : catalog.aliases) {
        const auto key = catalog.operator_keys.find(model.substr(0, model.find('/')));
        const bool included = key != catalog.operator_keys.end() && key->second;
        items.push_back({{"name", name}, {"model", model}, {"operatorKey", included}});
    }
    return items;
}

Json place_view(const std::string& provider, const providers::Offer& offer) {
    const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
    return {{"provider", provider},
            {"region", offer.region},
            {"description", offer.region_description},
            {"country", or_null(offer.country)},
            {"serverType", offer.type},
            {"cores", offer.cores},
            {"memoryGb", offer.memory_gb},
            {"diskGb", offer.disk_gb},
            {"available", offer.available},
            {"priceMonthly", money_view(offer.price_monthly, offer.price_currency)},
            {"priceHourly", money_view(offer.price_hourly, offer.price_currency)}};
}

/// What the providers sell of what the plan has, and which of them said nothing.
struct Places {
    Json items = Json::array();
    Json silent = Json::array();
};

Places places(RouteContext& context, const Exchange& exchange,
              const std::optional<core::Plan>& plan) {
    Places found;
    for (const auto& [name, provider] : context.deps.clouds) {
        const auto offers = context.deps.offers.offers(*provider, exchange.call(outside_limit));
        if (!offers) {
            found.silent.push_back(name);
            continue;
        }
        const auto known = providers::known_places(name, *offers);
        for (const auto& offer : *offers) {
            if (plan && !core::plan_has(*plan, {name, offer.region, offer.type}, known)) continue;
            found.items.push_back(place_view(name, offer));
        }
    }
    return found;
}

/// What a new bot of the caller's can be made of, and what it is made of when nothing is said.
Outcome deploy_options(RouteContext& context, const Exchange& exchange) {
    const auto account = context.deps.subscriptions.account(exchange.user());
    if (!account) return refuse(account.error());
    const auto& billing = context.deps.settings.billing;
    std::optional<core::Plan> plan;
    if (const auto name = core::plan_of(billing, account->subscription)) {
        plan = billing.plans.at(*name);
    }
    auto sold = places(context, exchange, plan);
    const auto typical = context.deps.operations.typical_deploy();
    if (!typical) return refuse(typical.error());
    const auto place = context.place_defaults();
    const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
    return json_answer(200, {{"models", models(context.deps.settings.models)},
                             {"defaults",
                              {{"provider", place.provider},
                               {"region", or_null(place.region)},
                               {"serverType", or_null(place.server_type)}}},
                             {"places", std::move(sold.items)},
                             {"silentProviders", std::move(sold.silent)},
                             {"expectedSeconds", *typical ? Json((*typical)->count()) : Json()}});
}

}  // namespace

void add_option_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/auth/options",
               [&](const Exchange&) { return sign_in_options(context); });
    router.add("GET", "/api/deploy/options",
               [&](const Exchange& exchange) { return deploy_options(context, exchange); });
}

}  // namespace hatchery::api::routes
