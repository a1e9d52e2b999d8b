#include <algorithm>

#include "sandbox/hetzner/hetzner_api_impl.hpp"
#include "sandbox/hetzner/validation.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

/// Whether an entry's field has one of the values asked for; true when none was asked for.
bool passes(const json& entry, const Query& query, const std::string& parameter) {
    const auto wanted = query_values(query, parameter);
    return wanted.empty() ||
           (entry.contains(parameter) &&
            std::find(wanted.begin(), wanted.end(),
                      entry.at(parameter).is_string() ? entry.at(parameter).get<std::string>()
                                                      : std::string()) != wanted.end());
}

}  // namespace

ApiAnswer HetznerApi::Impl::list_catalogue(Context& context, const std::string& key,
                                           const std::vector<json>& all) {
    const Query& query = context.call.query;
    std::vector<json> entries;
    for (const json& entry : all) {
        const bool chosen =
            passes(entry, query, "name") &&
            (key != "images" ||
             (passes(entry, query, "type") && passes(entry, query, "status") &&
              passes(entry, query, "architecture") && query_value(query, "bound_to") == nullptr));
        if (chosen) {
            entries.push_back(entry);
        }
    }
    sort_entries(entries, query, {"id", "name"});
    return {.body = list_answer(key, entries, query)};
}

ApiAnswer HetznerApi::Impl::get_catalogue(Context& context, const std::string& key,
                                          const std::vector<json>& entries) {
    const std::string id = std::to_string(context.ids.front());
    const json* const found = Catalogue::find(entries, id);
    if (found == nullptr) {
        reject_missing(key + " with ID '" + id + "'");
    }
    return {.body = {{key, *found}}};
}

ApiAnswer HetznerApi::Impl::list_locations(Context& context) {
    return list_catalogue(context, "locations", catalogue_.locations());
}

ApiAnswer HetznerApi::Impl::get_location(Context& context) {
    return get_catalogue(context, "location", catalogue_.locations());
}

ApiAnswer HetznerApi::Impl::list_server_types(Context& context) {
    // Stock shows here as it does at the real service.
    std::vector<json> entries = catalogue_.server_types();
    for (json& type : entries) {
        for (json& offer : type.at("locations")) {
            if (faults_.is_out_of_stock(type.at("name"), offer.at("name"))) {
                offer["available"] = false;
            }
        }
    }
    return list_catalogue(context, "server_types", entries);
}

ApiAnswer HetznerApi::Impl::get_server_type(Context& context) {
    return get_catalogue(context, "server_type", catalogue_.server_types());
}

ApiAnswer HetznerApi::Impl::list_images(Context& context) {
    return list_catalogue(context, "images", catalogue_.images());
}

ApiAnswer HetznerApi::Impl::get_image(Context& context) {
    return get_catalogue(context, "image", catalogue_.images());
}

ApiAnswer HetznerApi::Impl::get_pricing(Context& /*context*/) {
    return {.body = {{"pricing", catalogue_.pricing()}}};
}

}  // namespace hatchery::sandbox
