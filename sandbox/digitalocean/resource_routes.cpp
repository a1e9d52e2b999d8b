#include <algorithm>

#include "sandbox/cloud/public_key.hpp"
#include "sandbox/cloud/routing.hpp"
#include "sandbox/cloud/validation.hpp"
#include "sandbox/digitalocean/digitalocean_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;
using namespace ocean;

constexpr double kSnapshotGigabytes = 2.5;

json snapshot_json(const Snapshot& snapshot) {
    return {{"id", std::to_string(snapshot.id)},
            {"name", snapshot.name},
            {"created_at", to_text(snapshot.created)},
            {"regions", json::array({snapshot.region})},
            {"min_disk_size", snapshot.min_disk_gb},
            {"size_gigabytes", kSnapshotGigabytes},
            {"resource_id", std::to_string(snapshot.droplet)},
            {"resource_type", "droplet"},
            {"tags", json::array()}};
}

json tag_json(const Account& account, const std::string& tag) {
    const auto count =
        std::count_if(account.droplets.begin(), account.droplets.end(),
                      [&](const auto& entry) { return entry.second.tags.contains(tag); });
    return {{"name", tag}, {"resources", {{"count", count}, {"droplets", {{"count", count}}}}}};
}

/// By id or by fingerprint.
SshKey& find_key(Account& account, const std::string& identifier) {
    for (auto& [id, key] : account.ssh_keys) {
        if (std::to_string(id) == identifier || key.fingerprint == identifier) {
            return key;
        }
    }
    refuse_missing();
}

}  // namespace

ApiAnswer DigitalOceanApi::Impl::list_snapshots(Context& context) {
    const std::string* type = query_value(context.call.query, "resource_type");
    std::vector<json> entries;
    for (const auto& [id, snapshot] : context.account.snapshots) {
        if (type == nullptr || *type == "droplet") {
            entries.push_back(snapshot_json(snapshot));
        }
    }
    return list_answer(context, "snapshots", std::move(entries));
}

ApiAnswer DigitalOceanApi::Impl::delete_snapshot(Context& context) {
    std::int64_t id = 0;
    if (!is_id(context.words.front(), id) || context.account.snapshots.erase(id) == 0) {
        refuse_missing();
    }
    return {.status = 204, .body = nullptr};
}

ApiAnswer DigitalOceanApi::Impl::list_keys(Context& context) {
    std::vector<json> entries;
    for (const auto& [id, key] : context.account.ssh_keys) {
        entries.push_back(key.to_json());
    }
    return list_answer(context, "ssh_keys", std::move(entries));
}

ApiAnswer DigitalOceanApi::Impl::create_key(Context& context) {
    BodyReader body(context.call.body);
    SshKey key;
    key.name = body.text("name", BodyReader::Need::required).value_or("");
    key.public_key = body.text("public_key", BodyReader::Need::required).value_or("");
    key.fingerprint = fingerprint_of(key.public_key);
    if (body.has("public_key") && key.fingerprint.empty()) {
        body.reject("public_key", "Key invalid, key should be of the format");
    }
    body.finish();
    for (const auto& [id, other] : context.account.ssh_keys) {
        if (other.fingerprint == key.fingerprint) {
            refuse("SSH Key is already in use on your account");
        }
    }
    key.id = next_id();
    const json answer = key.to_json();
    context.account.ssh_keys.emplace(key.id, std::move(key));
    return {.status = 201, .body = {{"ssh_key", answer}}};
}

ApiAnswer DigitalOceanApi::Impl::get_key(Context& context) {
    return {.body = {{"ssh_key", find_key(context.account, context.words.front()).to_json()}}};
}

ApiAnswer DigitalOceanApi::Impl::delete_key(Context& context) {
    context.account.ssh_keys.erase(find_key(context.account, context.words.front()).id);
    return {.status = 204, .body = nullptr};
}

json DigitalOceanApi::Impl::reserved_ip_json(const Account& account, const std::string& ip) const {
    const auto& [region, id] = account.reserved_ips.at(ip);
    const auto droplet = account.droplets.find(id);
    return {{"ip", ip},
            {"region", region_json(region)},
            {"droplet",
             droplet == account.droplets.end() ? json() : droplet_json(account, droplet->second)},
            {"locked", false},
            {"project_id", "746c6152-2fa2-11ed-92d3-27aaa54e4988"}};
}

ApiAnswer DigitalOceanApi::Impl::list_reserved_ips(Context& context) {
    std::vector<json> entries;
    for (const auto& [ip, what] : context.account.reserved_ips) {
        entries.push_back(reserved_ip_json(context.account, ip));
    }
    return list_answer(context, "reserved_ips", std::move(entries));
}

ApiAnswer DigitalOceanApi::Impl::create_reserved_ip(Context& context) {
    BodyReader body(context.call.body);
    auto region = body.text("region");
    const auto droplet = body.id("droplet_id");
    (void)body.text("project_id");
    const auto found = context.account.droplets.find(droplet.value_or(0));
    if (droplet && found == context.account.droplets.end()) {
        body.reject("droplet_id", "there is no such Droplet");
    } else if (droplet) {
        region = found->second.region;
    }
    if (!region || region->empty()) {
        body.reject("region", "or droplet_id is missing");
    }
    body.finish();
    // Of the block that is kept for documents.
    const std::string ip = "198.51.100." + std::to_string(next_id() % 254 + 1);
    context.account.reserved_ips[ip] = {*region, droplet.value_or(0)};
    return {.status = 202,
            .body = {{"reserved_ip", reserved_ip_json(context.account, ip)},
                     {"links", {{"droplets", json::array()}, {"actions", json::array()}}}}};
}

ApiAnswer DigitalOceanApi::Impl::get_reserved_ip(Context& context) {
    if (!context.account.reserved_ips.contains(context.words.front())) {
        refuse_missing();
    }
    return {.body = {{"reserved_ip", reserved_ip_json(context.account, context.words.front())}}};
}

ApiAnswer DigitalOceanApi::Impl::delete_reserved_ip(Context& context) {
    if (context.account.reserved_ips.erase(context.words.front()) == 0) {
        refuse_missing();
    }
    return {.status = 204, .body = nullptr};
}

ApiAnswer DigitalOceanApi::Impl::list_tags(Context& context) {
    std::vector<json> entries;
    for (const std::string& tag : context.account.tags) {
        entries.push_back(tag_json(context.account, tag));
    }
    return list_answer(context, "tags", std::move(entries));
}

ApiAnswer DigitalOceanApi::Impl::create_tag(Context& context) {
    BodyReader body(context.call.body);
    const auto name = body.text("name", BodyReader::Need::required).value_or("");
    if (body.has("name") && !is_tag(name)) {
        body.reject("name", "a tag has letters, digits, colons, dashes and underscores");
    }
    body.finish();
    context.account.tags.insert(name);
    return {.status = 201, .body = {{"tag", tag_json(context.account, name)}}};
}

ApiAnswer DigitalOceanApi::Impl::get_tag(Context& context) {
    if (!context.account.tags.contains(context.words.front())) {
        refuse_missing();
    }
    return {.body = {{"tag", tag_json(context.account, context.words.front())}}};
}

ApiAnswer DigitalOceanApi::Impl::delete_tag(Context& context) {
    const std::string& tag = context.words.front();
    if (context.account.tags.erase(tag) == 0) {
        refuse_missing();
    }
    for (auto& [id, droplet] : context.account.droplets) {
        droplet.tags.erase(tag);
    }
    for (auto& [id, firewall] : context.account.firewalls) {
        firewall.tags.erase(tag);
    }
    refresh_open_ports(context.account);
    return {.status = 204, .body = nullptr};
}

}  // namespace hatchery::sandbox
