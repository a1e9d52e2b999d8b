#include "providers/hetzner/resource_codec.hpp"

#include <algorithm>
#include <set>

#include "base/json_value.hpp"
#include "providers/hetzner/codec.hpp"
#include "providers/rest/client.hpp"

namespace hatchery::providers::hetzner {

namespace {

using base::Json;
using base::json_member;
using base::json_string;

/// Where a firewall lets SSH in from. A rule that opens anything else stands there as what no
/// request asks for, so that it is seen and replaced.
std::vector<std::string> ssh_sources(const Json& rules) {
    std::set<std::string> sources;
    if (!rules.is_array()) return {};
    for (const Json& rule : rules) {
        if (json_string(rule, "direction") != "in") continue;
        const bool is_ssh =
            json_string(rule, "protocol") == "tcp" && json_string(rule, "port") == "22";
        const Json& ips = json_member(rule, "source_ips");
        if (!ips.is_array()) continue;
        for (const Json& ip : ips) {
            if (!ip.is_string()) continue;
            sources.insert(is_ssh ? ip.get<std::string>()
                                  : json_string(rule, "protocol") + " " + ip.get<std::string>());
        }
    }
    return {sources.begin(), sources.end()};
}

/// The label of each selector of the form `key=value`; of others nothing is known.
std::vector<std::pair<std::string, std::string>> covered_labels(const Json& firewall) {
    std::vector<std::pair<std::string, std::string>> labels;
    for (const Json& entry : decode_selectors(firewall)) {
        const std::string text = json_string(json_member(entry, "label_selector"), "selector");
        const auto sign = text.find('=');
        if (sign == std::string::npos || sign == 0 || text.find(',') != std::string::npos) continue;
        const auto value = text.find_first_not_of('=', sign);
        if (value == std::string::npos || text[sign - 1] == '!') continue;
        labels.emplace_back(text.substr(0, sign), text.substr(value));
    }
    return labels;
}

}  // namespace

ResourcePath path_of(ResourceKind kind) {
    switch (kind) {
        case ResourceKind::snapshot:
            return {"/images", "type=snapshot&", "image", "images", "snapshot"};
        case ResourceKind::firewall:
            return {"/firewalls", "", "firewall", "firewalls", "firewall"};
        case ResourceKind::ssh_key:
            return {"/ssh_keys", "", "ssh_key", "ssh_keys", "SSH key"};
        case ResourceKind::primary_ip:
            return {"/primary_ips", "", "primary_ip", "primary_ips", "primary IP"};
        case ResourceKind::floating_ip:
            return {"/floating_ips", "", "floating_ip", "floating_ips", "floating IP"};
    }
    return {};
}

base::Result<void> check_resource(const std::string& name,
                                  const std::map<std::string, std::string>& labels) {
    if (!is_host_name(name)) {
        return base::fail(base::ErrorKind::invalid,
                          "A name at Hetzner must have 1 to 63 letters, digits and hyphens.");
    }
    return check_labels(labels);
}

Json encode_rules(const std::vector<std::string>& sources) {
    return Json::array({{{"direction", "in"},
                         {"protocol", "tcp"},
                         {"port", "22"},
                         {"source_ips", sources},
                         {"description", "SSH from Hatchery"}}});
}

base::Result<Json> encode_firewall(const CreateFirewall& request) {
    const auto& [label, value] = request.applies_to;
    if (auto checked = check_resource(request.name, {{label, value}}); !checked) {
        return base::fail(std::move(checked.error()));
    }
    const auto selector = label_selector(label, value);
    if (!selector) return base::fail(selector.error());
    return Json{{"name", request.name},
                {"labels", {{label, value}}},
                {"rules", encode_rules(request.ssh_sources)},
                {"apply_to", Json::array({{{"type", "label_selector"},
                                           {"label_selector", {{"selector", *selector}}}}})}};
}

std::optional<CloudResource> decode_resource(ResourceKind kind, const Json& object) {
    CloudResource decoded{.kind = kind};
    decoded.id = rest::id_text(json_member(object, "id"));
    if (decoded.id.empty()) return std::nullopt;
    // A snapshot has no name of its own.
    decoded.name = json_string(object, kind == ResourceKind::snapshot ? "description" : "name");
    decoded.labels = decode_labels(object);
    decoded.created_at = base::parse_time(json_string(object, "created"));
    if (kind == ResourceKind::snapshot) {
        const Json& size = json_member(object, "image_size");
        decoded.size_gb = size.is_number() ? size.get<double>() : 0.0;
        decoded.ready = json_string(object, "status") == "available";
    }
    if (kind == ResourceKind::primary_ip) {
        decoded.in_use = !json_member(object, "assignee_id").is_null();
        decoded.region = json_string(json_member(object, "location"), "name");
    }
    if (kind == ResourceKind::floating_ip) {
        decoded.in_use = !json_member(object, "server").is_null();
        decoded.region = json_string(json_member(object, "home_location"), "name");
    }
    if (kind == ResourceKind::firewall) {
        decoded.ssh_sources = ssh_sources(json_member(object, "rules"));
        decoded.applies_to = covered_labels(object);
    }
    return decoded;
}

Json decode_selectors(const Json& firewall) {
    Json selectors = Json::array();
    const Json& applied = json_member(firewall, "applied_to");
    if (!applied.is_array()) return selectors;
    for (const Json& entry : applied) {
        const std::string text = json_string(json_member(entry, "label_selector"), "selector");
        if (text.empty()) continue;
        selectors.push_back({{"type", "label_selector"}, {"label_selector", {{"selector", text}}}});
    }
    return selectors;
}

std::optional<CloudImage> decode_image(const Json& image) {
    const std::string name = json_string(image, "name");
    if (name.empty()) return std::nullopt;
    return CloudImage{.name = name,
                      .description = json_string(image, "description"),
                      .architecture = json_string(image, "architecture")};
}

}  // namespace hatchery::providers::hetzner
