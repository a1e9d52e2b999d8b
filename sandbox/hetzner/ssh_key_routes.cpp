#include <algorithm>
#include <vector>

#include "sandbox/cloud/public_key.hpp"
#include "sandbox/cloud/validation.hpp"
#include "sandbox/hetzner/hetzner_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

SshKey& find_key(std::map<std::int64_t, SshKey>& keys, std::int64_t id) {
    const auto found = keys.find(id);
    if (found == keys.end()) {
        reject_missing("SSH key with ID '" + std::to_string(id) + "'");
    }
    return found->second;
}

void check_unique(const std::map<std::int64_t, SshKey>& keys, const SshKey& key) {
    for (const auto& [id, other] : keys) {
        if (id == key.id) {
            continue;
        }
        const bool same_name = other.name == key.name;
        if (same_name || other.fingerprint == key.fingerprint) {
            const std::string field = same_name ? "name" : "public_key";
            throw ApiError{409,
                           "uniqueness_error",
                           same_name ? "SSH key with the same name already exists"
                                     : "SSH key with the same fingerprint already exists",
                           {{"fields", json::array({json{{"name", field}}})}}};
        }
    }
}

}  // namespace

ApiAnswer HetznerApi::Impl::list_ssh_keys(Context& context) {
    const Query& query = context.call.query;
    const std::string* name = query_value(query, "name");
    const std::string* fingerprint = query_value(query, "fingerprint");
    const std::string* selector_text = query_value(query, "label_selector");
    const auto selector = LabelSelector::parse(selector_text == nullptr ? "" : *selector_text);
    if (!selector) {
        reject_field("label_selector", "not a label selector");
    }
    std::vector<json> entries;
    for (const auto& [id, key] : context.project.ssh_keys) {
        if ((name == nullptr || *name == key.name) &&
            (fingerprint == nullptr || *fingerprint == key.fingerprint) &&
            selector->matches(key.labels)) {
            entries.push_back(key.to_json());
        }
    }
    sort_entries(entries, query, {"id", "name"});
    return {.body = list_answer("ssh_keys", entries, query)};
}

ApiAnswer HetznerApi::Impl::create_ssh_key(Context& context) {
    using Need = BodyReader::Need;
    BodyReader body(context.call.body);
    SshKey key;
    key.name = body.text("name", Need::required).value_or("");
    key.public_key = body.text("public_key", Need::required).value_or("");
    key.labels = body.labels().value_or(Labels{});
    while (!key.public_key.empty() && key.public_key.back() == '\n') {
        key.public_key.pop_back();
    }
    key.fingerprint = fingerprint_of(key.public_key);
    if (body.has("name") && key.name.empty()) {
        body.reject("name", "must not be empty");
    }
    if (body.has("public_key") && key.fingerprint.empty()) {
        body.reject("public_key", "SSH key not valid");
    }
    body.finish();
    check_unique(context.project.ssh_keys, key);
    key.id = next_id();
    key.created = std::chrono::system_clock::now();
    const json answer{{"ssh_key", key.to_json()}};
    context.project.ssh_keys.emplace(key.id, std::move(key));
    return {.status = 201, .body = answer};
}

ApiAnswer HetznerApi::Impl::get_ssh_key(Context& context) {
    return {
        .body = {{"ssh_key", find_key(context.project.ssh_keys, context.ids.front()).to_json()}}};
}

ApiAnswer HetznerApi::Impl::update_ssh_key(Context& context) {
    SshKey& key = find_key(context.project.ssh_keys, context.ids.front());
    BodyReader body(context.call.body);
    const auto name = body.text("name");
    const auto labels = body.labels();
    body.finish();
    SshKey changed = key;
    changed.name = name.value_or(key.name);
    changed.labels = labels.value_or(key.labels);
    check_unique(context.project.ssh_keys, changed);
    key = changed;
    return {.body = {{"ssh_key", key.to_json()}}};
}

ApiAnswer HetznerApi::Impl::delete_ssh_key(Context& context) {
    const std::int64_t id = find_key(context.project.ssh_keys, context.ids.front()).id;
    context.project.ssh_keys.erase(id);
    return {.status = 204, .body = nullptr};
}

}  // namespace hatchery::sandbox
