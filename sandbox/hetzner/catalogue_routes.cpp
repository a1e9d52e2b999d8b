#include <algorithm>

#include "sandbox/cloud/validation.hpp"
#include "sandbox/hetzner/hetzner_api_impl.hpp"

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

std::vector<json> HetznerApi::Impl::images_of(const Project& project) const {
    std::vector<json> images = catalogue_.images();
    for (const auto& [id, snapshot] : project.snapshots) {
        images.push_back(snapshot);
    }
    return images;
}

ApiAnswer HetznerApi::Impl::list_images(Context& context) {
    const std::string* text = query_value(context.call.query, "label_selector");
    const auto selector = LabelSelector::parse(text == nullptr ? "" : *text);
    if (!selector) {
        reject_field("label_selector", "not a label selector");
    }
    std::vector<json> images = images_of(context.project);
    std::erase_if(images, [&](const json& image) {
        return !selector->matches(image.at("labels").get<Labels>());
    });
    return list_catalogue(context, "images", images);
}

ApiAnswer HetznerApi::Impl::get_image(Context& context) {
    return get_catalogue(context, "image", images_of(context.project));
}

ApiAnswer HetznerApi::Impl::delete_image(Context& context) {
    if (context.project.snapshots.erase(context.ids.front()) == 0) {
        reject_missing("image with ID '" + std::to_string(context.ids.front()) + "'");
    }
    return {.status = 204, .body = nullptr};
}

ApiAnswer HetznerApi::Impl::create_image(Context& context) {
    const Server& server = find_server(context);
    BodyReader body(context.call.body);
    const auto type = body.text("type").value_or("snapshot");
    const auto description = body.text("description").value_or("snapshot of " + server.name);
    const Labels labels = body.labels().value_or(Labels{});
    if (type != "snapshot") {
        body.reject("type", "The sandbox makes snapshots only.");
    }
    body.finish();
    if (server.status == ServerStatus::initializing || server.status == ServerStatus::deleting) {
        throw ApiError{423, "locked", "server is locked", nullptr};
    }
    Project& project = context.project;
    Action& action = begin_action(project, "create_image", "server", server.id);
    json image = catalogue_.images().front();
    image["id"] = next_id();
    image["type"] = "snapshot";
    image["name"] = nullptr;
    image["description"] = description;
    image["image_size"] = 2.5;
    image["disk_size"] = server.server_type.at("disk");
    image["created"] = to_rfc3339(std::chrono::system_clock::now());
    image["created_from"] = {{"id", server.id}, {"name", server.name}};
    image["rapid_deploy"] = false;
    image["labels"] = labels;
    project.snapshots[image.at("id")] = image;
    const json answer{{"image", image}, {"action", action.to_json()}};
    finish_action(project, action.id);
    return {.status = 201, .body = answer};
}

ApiAnswer HetznerApi::Impl::get_pricing(Context& /*context*/) {
    return {.body = {{"pricing", catalogue_.pricing()}}};
}

}  // namespace hatchery::sandbox
