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

/// What a new bot can be made of, and what it is made of when nothing is said.
Outcome deploy_options(RouteContext& context) {
    const auto typical = context.deps.operations.typical_deploy();
    if (!typical) return refuse(typical.error());
    const auto place = context.place_defaults();
    const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
    return json_answer(200, {{"models", models(context.deps.settings.models)},
                             {"defaults",
                              {{"provider", place.provider},
                               {"region", or_null(place.region)},
                               {"serverType", or_null(place.server_type)}}},
                             {"expectedSeconds", *typical ? Json((*typical)->count()) : Json()}});
}

}  // namespace

void add_option_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/auth/options",
               [&](const Exchange&) { return sign_in_options(context); });
    router.add("GET", "/api/deploy/options",
               [&](const Exchange&) { return deploy_options(context); });
}

}  // namespace hatchery::api::routes
