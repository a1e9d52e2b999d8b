#include <algorithm>

#include "sandbox/cloud/validation.hpp"
#include "sandbox/digitalocean/digitalocean_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;
using namespace ocean;

bool is_firewall_name(const std::string& name) { return name.size() > 1 && is_rfc1123_name(name); }

/// Rules as DigitalOcean shows them; `side` is "sources" or "destinations".
json read_rules(BodyReader& body, const std::string& field, const std::string& side) {
    json rules = json::array();
    for (const json& entry : body.array(field)) {
        BodyReader rule(entry);
        const auto protocol = rule.text("protocol", BodyReader::Need::required).value_or("");
        const auto ports = rule.text("ports").value_or("0");
        const auto ends = rule.object(side, BodyReader::Need::required);
        if (protocol != "tcp" && protocol != "udp" && protocol != "icmp") {
            rule.reject("protocol", "must be tcp, udp or icmp");
        }
        rule.finish();
        rules.push_back(
            {{"protocol", protocol}, {"ports", ports == "all" ? "0" : ports}, {side, *ends}});
    }
    return rules;
}

}  // namespace

void DigitalOceanApi::Impl::refresh_open_ports(const Account& account) {
    for (const auto& [id, droplet] : account.droplets) {
        fleet_.set_open_ports(id, account.open_ports(droplet));
    }
}

Firewall DigitalOceanApi::Impl::read_firewall(Context& context) {
    BodyReader body(context.call.body);
    Firewall firewall;
    firewall.name = body.text("name", BodyReader::Need::required).value_or("");
    firewall.inbound = read_rules(body, "inbound_rules", "sources");
    firewall.outbound = read_rules(body, "outbound_rules", "destinations");
    for (const json& tag : body.array("tags")) {
        if (tag.is_string() && context.account.tags.contains(tag.get<std::string>())) {
            firewall.tags.insert(tag.get<std::string>());
        } else {
            body.reject("tags", "the tag " + tag.dump() + " does not exist");
        }
    }
    for (const json& id : body.array("droplet_ids")) {
        if (id.is_number_integer() && context.account.droplets.contains(id.get<std::int64_t>())) {
            firewall.droplets.insert(id.get<std::int64_t>());
        } else {
            body.reject("droplet_ids", "the Droplet " + id.dump() + " does not exist");
        }
    }
    if (body.has("name") && !is_firewall_name(firewall.name)) {
        body.reject("name", "must have letters, digits, dots and dashes");
    }
    if (firewall.inbound.empty() && firewall.outbound.empty()) {
        body.reject("inbound_rules", "must have at least one inbound or outbound rule");
    }
    body.finish();
    return firewall;
}

ApiAnswer DigitalOceanApi::Impl::list_firewalls(Context& context) {
    std::vector<json> entries;
    for (const auto& [id, firewall] : context.account.firewalls) {
        entries.push_back(firewall.to_json());
    }
    return list_answer(context, "firewalls", std::move(entries));
}

ApiAnswer DigitalOceanApi::Impl::create_firewall(Context& context) {
    Firewall firewall = read_firewall(context);
    for (const auto& [id, other] : context.account.firewalls) {
        if (other.name == firewall.name) {
            throw ApiError{409, "conflict", "duplicate name", nullptr};
        }
    }
    firewall.id = next_uuid();
    firewall.created = std::chrono::system_clock::now();
    const json answer = firewall.to_json();
    context.account.firewalls.emplace(firewall.id, std::move(firewall));
    refresh_open_ports(context.account);
    return {.status = 202, .body = {{"firewall", answer}}};
}

ApiAnswer DigitalOceanApi::Impl::get_firewall(Context& context) {
    const auto found = context.account.firewalls.find(context.words.front());
    if (found == context.account.firewalls.end()) {
        refuse_missing();
    }
    return {.body = {{"firewall", found->second.to_json()}}};
}

ApiAnswer DigitalOceanApi::Impl::update_firewall(Context& context) {
    const auto found = context.account.firewalls.find(context.words.front());
    if (found == context.account.firewalls.end()) {
        refuse_missing();
    }
    Firewall firewall = read_firewall(context);
    firewall.id = found->second.id;
    firewall.created = found->second.created;
    found->second = std::move(firewall);
    refresh_open_ports(context.account);
    return {.body = {{"firewall", found->second.to_json()}}};
}

ApiAnswer DigitalOceanApi::Impl::delete_firewall(Context& context) {
    if (context.account.firewalls.erase(context.words.front()) == 0) {
        refuse_missing();
    }
    refresh_open_ports(context.account);
    return {.status = 204, .body = nullptr};
}

}  // namespace hatchery::sandbox
