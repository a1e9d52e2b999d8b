#include <algorithm>

#include "sandbox/cloud/validation.hpp"
#include "sandbox/hetzner/hetzner_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxUserDataBytes = 32 * 1024;
constexpr const char* kDefaultLocation = "fsn1";

Time now() { return std::chrono::system_clock::now(); }

Time later(double seconds) {
    return now() +
           std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(seconds));
}

std::string public_key_of(const Project& project, const json& name_or_id) {
    for (const auto& [id, key] : project.ssh_keys) {
        if (name_or_id == key.name || name_or_id == id || name_or_id == std::to_string(id)) {
            return key.public_key;
        }
    }
    reject_field("ssh_keys", "SSH key not found.");
}

}  // namespace

bool HetznerApi::Impl::is_listed(const Server& server) const {
    return now() >= server.visible_from;
}

Server& HetznerApi::Impl::find_server(Context& context) {
    const auto found = context.project.servers.find(context.ids.front());
    if (found == context.project.servers.end()) {
        reject_missing("server with ID '" + std::to_string(context.ids.front()) + "'");
    }
    return found->second;
}

void HetznerApi::Impl::check_name_is_free(const Project& project, const std::string& name) const {
    const bool taken = std::any_of(project.servers.begin(), project.servers.end(),
                                   [&](const auto& entry) { return entry.second.name == name; });
    if (taken) {
        throw ApiError{409,
                       "uniqueness_error",
                       "server name is already used",
                       {{"fields", json::array({json{{"name", "name"}}})}}};
    }
}

void HetznerApi::Impl::check_stock(const Server& server) const {
    const std::string type = server.server_type.at("name");
    const std::string location = server.location.at("name");
    const json* offer = offer_in(server.server_type, location);
    if (offer == nullptr) {
        reject_field("location", "unsupported location for server type");
    }
    if (!offer->at("available").get<bool>() || faults_.is_out_of_stock(type, location)) {
        throw ApiError{412, "resource_unavailable",
                       "server type " + type + " is not available in " + location, nullptr};
    }
}

/// Everything that the body says about the new server; throws when the body is wrong.
Server HetznerApi::Impl::read_new_server(Context& context, HostSpec& spec,
                                         std::vector<std::int64_t>& firewalls) {
    using Need = BodyReader::Need;
    BodyReader body(context.call.body);
    Server server;
    server.name = body.text("name", Need::required).value_or("");
    const auto type = body.name_or_id("server_type", Need::required);
    const auto image = body.name_or_id("image", Need::required);
    const auto location = body.text("location").value_or(kDefaultLocation);
    server.labels = body.labels().value_or(Labels{});
    server.start_after_create = body.flag("start_after_create", true);
    spec.user_data = body.text("user_data").value_or("");
    const auto keys = body.array("ssh_keys");
    for (const json& entry : body.array("firewalls")) {
        BodyReader one(entry);
        firewalls.push_back(one.id("firewall", Need::required).value_or(0));
        one.finish();
    }
    if (const auto net = body.object("public_net")) {
        BodyReader one(*net);
        one.flag("enable_ipv6", true);
        if (!one.flag("enable_ipv4", true)) {
            one.reject("enable_ipv4", "The sandbox's servers need an IPv4 address.");
        }
        one.finish();
    }
    body.flag("automount", false);
    for (const char* field : {"networks", "volumes"}) {
        if (!body.array(field).empty()) {
            body.reject(field, "The sandbox has none.");
        }
    }
    if (body.has("name") && !is_rfc1123_name(server.name)) {
        body.reject("name", "must be a valid hostname per RFC 1123");
    }
    if (spec.user_data.size() > kMaxUserDataBytes) {
        body.reject("user_data", "Longer than maximum length 32768.");
    }
    const json* const found_type =
        type ? Catalogue::find(catalogue_.server_types(), *type) : nullptr;
    const std::vector<json> images = images_of(context.project);
    const json* const found_image = image ? Catalogue::find(images, *image) : nullptr;
    const json* const found_location = Catalogue::find(catalogue_.locations(), location);
    if (type && found_type == nullptr) {
        body.reject("server_type", "Server type not found.");
    }
    if (image && found_image == nullptr) {
        body.reject("image", "Image not found.");
    }
    if (found_location == nullptr) {
        body.reject("location", "Location not found.");
    }
    body.finish();
    for (const json& key : keys) {
        spec.authorized_keys.push_back(public_key_of(context.project, key));
    }
    server.server_type = *found_type;
    server.image = *found_image;
    server.location = *found_location;
    return server;
}

ApiAnswer HetznerApi::Impl::create_server(Context& context) {
    Project& project = context.project;
    HostSpec spec;
    std::vector<std::int64_t> firewalls;
    Server server = read_new_server(context, spec, firewalls);
    for (const std::int64_t id : firewalls) {
        if (!project.firewalls.contains(id)) {
            reject_field("firewalls", "Firewall not found.");
        }
    }
    check_name_is_free(project, server.name);
    const FaultSet faults = faults_.get();
    if (faults.quota_servers &&
        project.servers.size() >= static_cast<std::size_t>(*faults.quota_servers)) {
        throw ApiError{403,
                       "resource_limit_exceeded",
                       "server limit exceeded",
                       {{"limits", json::array({json{{"name", "server_limit"}}})}}};
    }
    check_stock(server);

    server.id = next_id();
    server.created = now();
    server.visible_from = later(faults.late_visibility_seconds);
    server.stuck = faults_.use(&FaultSet::stuck_initializing);
    if (faults_.use(&FaultSet::create_action_fails)) {
        server.fails_with = faults.create_action_code;
    }
    spec.id = server.id;
    spec.name = server.name;
    spec.ignores_planted_host_key = faults_.use(&FaultSet::wrong_host_key);
    auto address = fleet_.add(spec);
    if (!address) {
        throw ApiError{403, "resource_limit_exceeded", address.error(), nullptr};
    }
    server.ipv4 = *address;
    server.create_action = begin_action(project, "create_server", "server", server.id).id;
    json next_actions = json::array();
    if (server.start_after_create) {
        server.start_action = begin_action(project, "start_server", "server", server.id).id;
        next_actions.push_back(project.actions.at(server.start_action).to_json());
    }
    owners_[server.id] = &project;
    for (const std::int64_t id : firewalls) {
        project.firewalls.at(id).servers.insert(server.id);
    }
    const Server& kept = project.servers.emplace(server.id, std::move(server)).first->second;
    refresh_open_ports(project);

    const auto delay =
        faults.boot_delay_seconds
            ? std::chrono::milliseconds(static_cast<long>(*faults.boot_delay_seconds * 1000))
            : options_.boot_delay;
    scheduler_.after(delay, [this, id = kept.id] { end_boot_delay(id); });
    return {.status = 201,
            .body = {{"server", project.server_json(kept)},
                     {"action", project.actions.at(kept.create_action).to_json()},
                     {"next_actions", std::move(next_actions)},
                     {"root_password", nullptr}}};
}

ApiAnswer HetznerApi::Impl::list_servers(Context& context) {
    const Query& query = context.call.query;
    const std::string* name = query_value(query, "name");
    const auto statuses = query_values(query, "status");
    const std::string* selector_text = query_value(query, "label_selector");
    const auto selector = LabelSelector::parse(selector_text == nullptr ? "" : *selector_text);
    if (!selector) {
        reject_field("label_selector", "not a label selector");
    }
    std::vector<json> entries;
    for (const auto& [id, server] : context.project.servers) {
        const bool chosen =
            is_listed(server) && (name == nullptr || *name == server.name) &&
            selector->matches(server.labels) &&
            (statuses.empty() ||
             std::find(statuses.begin(), statuses.end(), to_text(server.status)) != statuses.end());
        if (chosen) {
            entries.push_back(context.project.server_json(server));
        }
    }
    sort_entries(entries, query, {"id", "name", "created"});
    return {.body = list_answer("servers", entries, query)};
}

ApiAnswer HetznerApi::Impl::get_server(Context& context) {
    return {.body = {{"server", context.project.server_json(find_server(context))}}};
}

ApiAnswer HetznerApi::Impl::update_server(Context& context) {
    Server& server = find_server(context);
    BodyReader body(context.call.body);
    const auto name = body.text("name");
    const auto labels = body.labels();
    if (name && !is_rfc1123_name(*name)) {
        body.reject("name", "must be a valid hostname per RFC 1123");
    }
    body.finish();
    if (name && *name != server.name) {
        check_name_is_free(context.project, *name);
        server.name = *name;
    }
    if (labels) {
        server.labels = *labels;
        refresh_open_ports(context.project);
    }
    return {.body = {{"server", context.project.server_json(server)}}};
}

ApiAnswer HetznerApi::Impl::delete_server(Context& context) {
    Project& project = context.project;
    Server& server = find_server(context);
    if (server.status == ServerStatus::deleting || faults_.use(&FaultSet::delete_locked)) {
        throw ApiError{423, "locked", "server is locked", nullptr};
    }
    const std::int64_t id = server.id;
    server.status = ServerStatus::deleting;
    for (const std::int64_t action : {server.create_action, server.start_action}) {
        fail_action(project, action, "action_failed", "the server was deleted");
    }
    const std::int64_t action = begin_action(project, "delete_server", "server", id).id;

    // The host reports on its own thread, which needs the lock.
    context.lock.unlock();
    fleet_.remove(id);
    context.lock.lock();

    owners_.erase(id);
    project.servers.erase(id);
    for (auto& [firewall_id, firewall] : project.firewalls) {
        firewall.servers.erase(id);
    }
    const json answer{{"action", project.actions.at(action).to_json()}};
    finish_action(project, action);
    return {.body = answer};
}

}  // namespace hatchery::sandbox
