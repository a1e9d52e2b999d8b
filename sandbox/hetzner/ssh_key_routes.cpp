#include <openssl/evp.h>

#include <algorithm>
#include <vector>

#include "sandbox/hetzner/hetzner_api_impl.hpp"
#include "sandbox/hetzner/validation.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

/// "b7:2f:…", the MD5 of the key's bytes, as Hetzner shows it; empty when the text is not an
/// OpenSSH public key.
std::string fingerprint_of(const std::string& public_key) {
    const auto type_end = public_key.find(' ');
    if (type_end == std::string::npos || public_key.find('\n') != std::string::npos) {
        return "";
    }
    const std::string type = public_key.substr(0, type_end);
    std::string encoded = public_key.substr(type_end + 1);
    encoded = encoded.substr(0, encoded.find(' '));
    if (!type.starts_with("ssh-") && !type.starts_with("ecdsa-") && !type.starts_with("sk-")) {
        return "";
    }
    std::vector<unsigned char> blob(encoded.size() + 3);
    const int size =
        EVP_DecodeBlock(blob.data(), reinterpret_cast<const unsigned char*>(encoded.data()),
                        static_cast<int>(encoded.size()));
    const auto padding = static_cast<int>(std::count(encoded.begin(), encoded.end(), '='));
    // The bytes repeat the type in front, after its length in four bytes.
    const std::string start(blob.begin(), blob.begin() + std::max(size, 0));
    if (size <= padding + 4 || start.compare(4, type.size(), type) != 0) {
        return "";
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_Digest(blob.data(), static_cast<std::size_t>(size - padding), digest, &length, EVP_md5(),
               nullptr);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (unsigned int position = 0; position < length; ++position) {
        text += position == 0 ? "" : ":";
        text += kDigits[digest[position] >> 4U];
        text += kDigits[digest[position] & 15U];
    }
    return text;
}

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
