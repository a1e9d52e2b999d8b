#include <algorithm>

#include "sandbox/cloud/validation.hpp"
#include "sandbox/hetzner/hetzner_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxRules = 50;
constexpr std::size_t kMaxNameLength = 128;

/// What apply_to and remove_from name.
struct Resources {
    std::vector<std::int64_t> servers;
    std::vector<std::string> selectors;
};

bool is_one_of(const std::string& text, std::initializer_list<const char*> words) {
    return std::any_of(words.begin(), words.end(), [&](const char* word) { return text == word; });
}

json read_ips(BodyReader& rule, const std::string& field) {
    json ips = json::array();
    for (const json& ip : rule.array(field)) {
        if (ip.is_string()) {
            ips.push_back(ip);
        } else {
            rule.reject(field, "Not a valid string.");
        }
    }
    return ips;
}

json read_rule(const json& entry) {
    using Need = BodyReader::Need;
    BodyReader rule(entry);
    const auto direction = rule.text("direction", Need::required).value_or("in");
    const auto protocol = rule.text("protocol", Need::required).value_or("tcp");
    const auto port = rule.text("port");
    const bool has_description = rule.has("description") && !entry.at("description").is_null();
    json result{{"direction", direction},
                {"protocol", protocol},
                {"port", nullptr},
                {"source_ips", read_ips(rule, "source_ips")},
                {"destination_ips", read_ips(rule, "destination_ips")},
                {"description", nullptr}};
    if (has_description) {
        result["description"] = rule.text("description").value_or("");
    } else {
        rule.nullable_object("description");
    }
    if (port) {
        result["port"] = *port;
    }
    if (!is_one_of(direction, {"in", "out"})) {
        rule.reject("direction", "Neither 'in' nor 'out'.");
    }
    if (!is_one_of(protocol, {"tcp", "udp", "icmp", "esp", "gre"})) {
        rule.reject("protocol", "Unknown protocol.");
    }
    const bool needs_port = protocol == "tcp" || protocol == "udp";
    if (needs_port != port.has_value()) {
        rule.reject("port", needs_port ? "Missing data for required field." : "Not allowed here.");
    }
    if (direction == "in" && result["source_ips"].empty()) {
        rule.reject("source_ips", "Missing data for required field.");
    }
    rule.finish();
    return result;
}

std::vector<json> read_rules(BodyReader& body, BodyReader::Need need) {
    const auto entries = body.array("rules", need);
    if (entries.size() > kMaxRules) {
        body.reject("rules", "More than 50 rules.");
        return {};
    }
    std::vector<json> rules;
    rules.reserve(entries.size());
    for (const json& entry : entries) {
        rules.push_back(read_rule(entry));
    }
    return rules;
}

Resources read_resources(BodyReader& body, const std::string& field, BodyReader::Need need) {
    using Need = BodyReader::Need;
    Resources resources;
    for (const json& entry : body.array(field, need)) {
        BodyReader one(entry);
        const auto type = one.text("type", Need::required).value_or("");
        if (type == "server") {
            if (const auto server = one.object("server", Need::required)) {
                BodyReader inner(*server);
                resources.servers.push_back(inner.id("id", Need::required).value_or(0));
                inner.finish();
            }
        } else if (type == "label_selector") {
            if (const auto label_selector = one.object("label_selector", Need::required)) {
                BodyReader inner(*label_selector);
                const auto text = inner.text("selector", Need::required).value_or("");
                if (!LabelSelector::parse(text)) {
                    inner.reject("selector", "not a label selector");
                }
                inner.finish();
                resources.selectors.push_back(text);
            }
        } else {
            one.reject("type", "Neither 'server' nor 'label_selector'.");
        }
        one.finish();
    }
    return resources;
}

void check_servers(const Project& project, const Resources& resources) {
    for (const std::int64_t id : resources.servers) {
        if (!project.servers.contains(id)) {
            throw ApiError{422, "firewall_resource_not_found", "the resource was not found",
                           nullptr};
        }
    }
}

void check_name(const Project& project, std::int64_t id, const std::string& name) {
    if (name.empty() || name.size() > kMaxNameLength) {
        reject_field("name", "must have 1 to 128 characters");
    }
    for (const auto& [other_id, other] : project.firewalls) {
        if (other_id != id && other.name == name) {
            throw ApiError{409,
                           "uniqueness_error",
                           "name is already used",
                           {{"fields", json::array({json{{"name", "name"}}})}}};
        }
    }
}

}  // namespace

Firewall& HetznerApi::Impl::find_firewall(Context& context) {
    const auto found = context.project.firewalls.find(context.ids.front());
    if (found == context.project.firewalls.end()) {
        reject_missing("firewall with ID '" + std::to_string(context.ids.front()) + "'");
    }
    return found->second;
}

void HetznerApi::Impl::refresh_open_ports(const Project& project) {
    for (const auto& [id, server] : project.servers) {
        fleet_.set_open_ports(id, project.open_ports(server));
    }
}

ApiAnswer HetznerApi::Impl::list_firewalls(Context& context) {
    const Query& query = context.call.query;
    const std::string* name = query_value(query, "name");
    const std::string* selector_text = query_value(query, "label_selector");
    const auto selector = LabelSelector::parse(selector_text == nullptr ? "" : *selector_text);
    if (!selector) {
        reject_field("label_selector", "not a label selector");
    }
    std::vector<json> entries;
    for (const auto& [id, firewall] : context.project.firewalls) {
        if ((name == nullptr || *name == firewall.name) && selector->matches(firewall.labels)) {
            entries.push_back(context.project.firewall_json(firewall));
        }
    }
    sort_entries(entries, query, {"id", "name", "created"});
    return {.body = list_answer("firewalls", entries, query)};
}

ApiAnswer HetznerApi::Impl::create_firewall(Context& context) {
    using Need = BodyReader::Need;
    Project& project = context.project;
    BodyReader body(context.call.body);
    Firewall firewall;
    firewall.name = body.text("name", Need::required).value_or("");
    firewall.labels = body.labels().value_or(Labels{});
    firewall.rules = read_rules(body, Need::optional);
    const Resources resources = read_resources(body, "apply_to", Need::optional);
    body.finish();
    check_name(project, 0, firewall.name);
    check_servers(project, resources);
    firewall.id = next_id();
    firewall.created = std::chrono::system_clock::now();
    firewall.servers.insert(resources.servers.begin(), resources.servers.end());
    firewall.selectors.insert(resources.selectors.begin(), resources.selectors.end());
    json actions = json::array();
    for (const char* command : {"set_firewall_rules", "apply_firewall"}) {
        const bool applies = command[0] == 's'
                                 ? !firewall.rules.empty()
                                 : !firewall.servers.empty() || !firewall.selectors.empty();
        if (applies) {
            const Action& action = begin_action(project, command, "firewall", firewall.id);
            actions.push_back(action.to_json());
            finish_action(project, action.id);
        }
    }
    const Firewall& kept =
        project.firewalls.emplace(firewall.id, std::move(firewall)).first->second;
    refresh_open_ports(project);
    return {.status = 201,
            .body = {{"firewall", project.firewall_json(kept)}, {"actions", actions}}};
}

ApiAnswer HetznerApi::Impl::get_firewall(Context& context) {
    return {.body = {{"firewall", context.project.firewall_json(find_firewall(context))}}};
}

ApiAnswer HetznerApi::Impl::update_firewall(Context& context) {
    Firewall& firewall = find_firewall(context);
    BodyReader body(context.call.body);
    const auto name = body.text("name");
    const auto labels = body.labels();
    body.finish();
    if (name) {
        check_name(context.project, firewall.id, *name);
        firewall.name = *name;
    }
    firewall.labels = labels.value_or(firewall.labels);
    return {.body = {{"firewall", context.project.firewall_json(firewall)}}};
}

ApiAnswer HetznerApi::Impl::delete_firewall(Context& context) {
    const Firewall& firewall = find_firewall(context);
    if (!firewall.servers.empty() || !firewall.selectors.empty()) {
        throw ApiError{422, "resource_in_use", "firewall is still in use", nullptr};
    }
    context.project.firewalls.erase(firewall.id);
    return {.status = 204, .body = nullptr};
}

ApiAnswer HetznerApi::Impl::set_firewall_rules(Context& context) {
    Firewall& firewall = find_firewall(context);
    BodyReader body(context.call.body);
    auto rules = read_rules(body, BodyReader::Need::required);
    body.finish();
    firewall.rules = std::move(rules);
    const Action& action =
        begin_action(context.project, "set_firewall_rules", "firewall", firewall.id);
    const json answer{{"actions", json::array({action.to_json()})}};
    finish_action(context.project, action.id);
    refresh_open_ports(context.project);
    return {.status = 201, .body = answer};
}

ApiAnswer HetznerApi::Impl::apply_firewall(Context& context) {
    Firewall& firewall = find_firewall(context);
    BodyReader body(context.call.body);
    const Resources resources = read_resources(body, "apply_to", BodyReader::Need::required);
    body.finish();
    check_servers(context.project, resources);
    firewall.servers.insert(resources.servers.begin(), resources.servers.end());
    firewall.selectors.insert(resources.selectors.begin(), resources.selectors.end());
    const Action& action = begin_action(context.project, "apply_firewall", "firewall", firewall.id);
    const json answer{{"actions", json::array({action.to_json()})}};
    finish_action(context.project, action.id);
    refresh_open_ports(context.project);
    return {.status = 201, .body = answer};
}

ApiAnswer HetznerApi::Impl::remove_firewall(Context& context) {
    Firewall& firewall = find_firewall(context);
    BodyReader body(context.call.body);
    const Resources resources = read_resources(body, "remove_from", BodyReader::Need::required);
    body.finish();
    for (const std::int64_t id : resources.servers) {
        firewall.servers.erase(id);
    }
    for (const std::string& selector : resources.selectors) {
        firewall.selectors.erase(selector);
    }
    const Action& action =
        begin_action(context.project, "remove_firewall", "firewall", firewall.id);
    const json answer{{"actions", json::array({action.to_json()})}};
    finish_action(context.project, action.id);
    refresh_open_ports(context.project);
    return {.status = 201, .body = answer};
}

}  // namespace hatchery::sandbox
