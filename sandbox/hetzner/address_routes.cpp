#include <algorithm>
#include <vector>

#include "sandbox/cloud/validation.hpp"
#include "sandbox/hetzner/hetzner_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

const char* key_of(bool floating) { return floating ? "floating_ip" : "primary_ip"; }

Address find_address(const Project& project, bool floating, std::int64_t id) {
    for (const Address& address : project.addresses_of(floating)) {
        if (address.id == id) {
            return address;
        }
    }
    reject_missing(std::string(floating ? "floating" : "primary") + " IP with ID '" +
                   std::to_string(id) + "'");
}

}  // namespace

json Address::to_json() const {
    json result{{"id", id},
                {"name", name},
                {"type", type},
                {"ip", ip},
                {"labels", labels},
                {"created", to_rfc3339(created)},
                {"blocked", false},
                {"dns_ptr", json::array()},
                {"protection", {{"delete", false}}}};
    const json holder = server == 0 ? json() : json(server);
    if (floating) {
        result["description"] = nullptr;
        result["server"] = holder;
        result["home_location"] = location;
    } else {
        result["location"] = location;
        result["assignee_type"] = "server";
        result["assignee_id"] = holder;
        result["auto_delete"] = auto_delete;
    }
    return result;
}

std::vector<Address> Project::addresses_of(bool floating) const {
    std::vector<Address> found;
    for (const auto& [id, server] : servers) {
        if (floating) {
            continue;
        }
        // What a create makes by itself goes with its server.
        found.push_back({.id = id,
                         .name = "primary_ip-" + std::to_string(id),
                         .type = "ipv4",
                         .ip = server.ipv4,
                         .location = server.location,
                         .labels = {},
                         .created = server.created,
                         .server = id,
                         .auto_delete = true});
    }
    for (const auto& [id, made] : addresses) {
        Address address = made;
        if (!servers.contains(address.server)) {
            // It went with its server, or stays without one.
            if (address.server != 0 && address.auto_delete) {
                continue;
            }
            address.server = 0;
        }
        if (address.floating == floating) {
            found.push_back(std::move(address));
        }
    }
    return found;
}

ApiAnswer HetznerApi::Impl::list_addresses(Context& context, bool floating) {
    const Query& query = context.call.query;
    const std::string* name = query_value(query, "name");
    const std::string* selector_text = query_value(query, "label_selector");
    const auto selector = LabelSelector::parse(selector_text == nullptr ? "" : *selector_text);
    if (!selector) {
        reject_field("label_selector", "not a label selector");
    }
    std::vector<json> entries;
    for (const Address& address : context.project.addresses_of(floating)) {
        if ((name == nullptr || *name == address.name) && selector->matches(address.labels)) {
            entries.push_back(address.to_json());
        }
    }
    sort_entries(entries, query, {"id", "created"});
    return {.body = list_answer(floating ? "floating_ips" : "primary_ips", entries, query)};
}

ApiAnswer HetznerApi::Impl::create_address(Context& context, bool floating) {
    using Need = BodyReader::Need;
    BodyReader body(context.call.body);
    Address address;
    address.floating = floating;
    address.name =
        body.text("name", floating ? Need::optional : Need::required).value_or("address");
    address.type = body.text("type", Need::required).value_or("");
    address.labels = body.labels().value_or(Labels{});
    const auto place = body.name_or_id(floating ? "home_location" : "location");
    const auto server = body.id(floating ? "server" : "assignee_id");
    if (!floating) {
        (void)body.text("assignee_type");
        address.auto_delete = body.flag("auto_delete", false);
    } else {
        (void)body.text("description");
    }
    if (address.type != "ipv4" && address.type != "ipv6") {
        body.reject("type", "must be ipv4 or ipv6");
    }
    const json* location = Catalogue::find(catalogue_.locations(), place.value_or("fsn1"));
    if (location == nullptr) {
        body.reject(floating ? "home_location" : "location", "there is no such location");
    }
    if (server && !context.project.servers.contains(*server)) {
        body.reject(floating ? "server" : "assignee_id", "there is no such server");
    }
    body.finish();
    address.id = next_id();
    address.server = server.value_or(0);
    address.location = *location;
    address.created = std::chrono::system_clock::now();
    // Of the block that is kept for documents.
    address.ip = address.type == "ipv6" ? "2001:db8:" + std::to_string(address.id % 9999) + "::/64"
                                        : "203.0.113." + std::to_string(address.id % 254 + 1);
    const json answer{{key_of(floating), address.to_json()}};
    context.project.addresses.emplace(address.id, std::move(address));
    return {.status = 201, .body = answer};
}

ApiAnswer HetznerApi::Impl::get_address(Context& context, bool floating) {
    return {.body = {{key_of(floating),
                      find_address(context.project, floating, context.ids.front()).to_json()}}};
}

ApiAnswer HetznerApi::Impl::delete_address(Context& context, bool floating) {
    const Address address = find_address(context.project, floating, context.ids.front());
    if (!floating && address.server != 0) {
        throw ApiError{422, "must_be_unassigned", "the primary IP is assigned", nullptr};
    }
    context.project.addresses.erase(address.id);
    return {.status = 204, .body = nullptr};
}

ApiAnswer HetznerApi::Impl::list_primary_ips(Context& context) {
    return list_addresses(context, false);
}
ApiAnswer HetznerApi::Impl::create_primary_ip(Context& context) {
    return create_address(context, false);
}
ApiAnswer HetznerApi::Impl::get_primary_ip(Context& context) { return get_address(context, false); }
ApiAnswer HetznerApi::Impl::delete_primary_ip(Context& context) {
    return delete_address(context, false);
}
ApiAnswer HetznerApi::Impl::list_floating_ips(Context& context) {
    return list_addresses(context, true);
}
ApiAnswer HetznerApi::Impl::create_floating_ip(Context& context) {
    return create_address(context, true);
}
ApiAnswer HetznerApi::Impl::get_floating_ip(Context& context) { return get_address(context, true); }
ApiAnswer HetznerApi::Impl::delete_floating_ip(Context& context) {
    return delete_address(context, true);
}

}  // namespace hatchery::sandbox
