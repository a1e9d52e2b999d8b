#include <algorithm>
#include <charconv>

#include "sandbox/cloud/routing.hpp"
#include "sandbox/cloud/validation.hpp"
#include "sandbox/digitalocean/catalogue.hpp"
#include "sandbox/digitalocean/digitalocean_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;
using namespace ocean;

constexpr std::size_t kMaxUserDataBytes = 65'536;
constexpr std::size_t kMaxTagLength = 255;
constexpr const char* kDefaultRegion = "nyc3";

std::string word_of(DropletStatus status) {
    switch (status) {
        case DropletStatus::fresh:
            return "new";
        case DropletStatus::active:
            return "active";
        case DropletStatus::off:
            return "off";
        case DropletStatus::archived:
            break;
    }
    return "archive";
}

/// The public key of an id or a fingerprint.
std::string public_key_of(const Account& account, const json& key) {
    for (const auto& [id, known] : account.ssh_keys) {
        if (key == id || key == known.fingerprint || key == std::to_string(id)) {
            return known.public_key;
        }
    }
    refuse(key.dump() + " are invalid key identifiers for Droplet creation.");
}

/// A snapshot starts as its entry in the list only: its servers begin from the base image.
bool is_known_image(const Account& account, const std::string& image) {
    const json base = debian_image();
    if (base.at("slug") == image || base.at("id").dump() == image) {
        return true;
    }
    return std::any_of(account.snapshots.begin(), account.snapshots.end(),
                       [&](const auto& entry) { return std::to_string(entry.first) == image; });
}

}  // namespace

bool ocean::is_tag(std::string_view text) {
    return !text.empty() && text.size() <= kMaxTagLength &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == ':';
           });
}

Droplet& DigitalOceanApi::Impl::find_droplet(Context& context) {
    std::int64_t id = 0;
    if (!is_id(context.words.front(), id)) {
        refuse_missing();
    }
    const auto found = context.account.droplets.find(id);
    if (found == context.account.droplets.end() || found->second.deleting) {
        refuse_missing();
    }
    return found->second;
}

bool DigitalOceanApi::Impl::is_listed(const Droplet& droplet) const {
    return !droplet.deleting && std::chrono::system_clock::now() >= droplet.visible_from;
}

json DigitalOceanApi::Impl::region_json(const std::string& slug) const {
    const auto all = regions([this](const std::string& size, const std::string& region) {
        return is_out_of_stock(size, region);
    });
    return *find_slug(all, slug);
}

json DigitalOceanApi::Impl::droplet_json(const Account& account, const Droplet& droplet) const {
    json addresses = json::array();
    if (droplet.has_address) {
        addresses.push_back({{"ip_address", droplet.ipv4},
                             {"netmask", "255.255.240.0"},
                             {"gateway", "127.0.0.1"},
                             {"type", "public"}});
    }
    json snapshots = json::array();
    for (const auto& [id, snapshot] : account.snapshots) {
        if (snapshot.droplet == droplet.id) {
            snapshots.push_back(id);
        }
    }
    const bool busy = droplet.status == DropletStatus::fresh;
    return {{"id", droplet.id},
            {"name", droplet.name},
            {"memory", droplet.size.at("memory")},
            {"vcpus", droplet.size.at("vcpus")},
            {"disk", droplet.size.at("disk")},
            {"locked", busy},
            {"status", word_of(droplet.status)},
            {"kernel", nullptr},
            {"created_at", to_text(droplet.created)},
            {"features", json::array()},
            {"backup_ids", json::array()},
            {"next_backup_window", nullptr},
            {"snapshot_ids", std::move(snapshots)},
            {"image", droplet.image},
            {"volume_ids", json::array()},
            {"size", droplet.size},
            {"size_slug", droplet.size.at("slug")},
            {"networks", {{"v4", std::move(addresses)}, {"v6", json::array()}}},
            {"region", region_json(droplet.region)},
            {"tags", droplet.tags}};
}

void DigitalOceanApi::Impl::check_stock(const Droplet& droplet) const {
    if (is_out_of_stock(droplet.size.at("slug"), droplet.region)) {
        refuse("Size is not available in this region.");
    }
}

/// Everything that the body says about the new Droplet; throws when the body is wrong.
Droplet DigitalOceanApi::Impl::read_new_droplet(Context& context, HostSpec& spec) {
    using Need = BodyReader::Need;
    BodyReader body(context.call.body);
    Droplet droplet;
    droplet.name = body.text("name", Need::required).value_or("");
    const auto size = body.text("size", Need::required).value_or("");
    const auto image = body.name_or_id("image", Need::required).value_or("");
    droplet.region = body.text("region").value_or(kDefaultRegion);
    spec.user_data = body.text("user_data").value_or("");
    for (const json& tag : body.array("tags")) {
        if (tag.is_string() && is_tag(tag.get<std::string>())) {
            droplet.tags.insert(tag.get<std::string>());
        } else {
            body.reject("tags", "a tag has letters, digits, colons, dashes and underscores");
        }
    }
    const auto keys = body.array("ssh_keys");
    for (const char* flag : {"backups", "ipv6", "monitoring", "private_networking"}) {
        body.flag(flag, false);
    }
    body.flag("with_droplet_agent", true);
    if (!body.flag("public_networking", true)) {
        body.reject("public_networking", "The sandbox's Droplets need an IPv4 address.");
    }
    (void)body.text("vpc_uuid");
    if (!body.array("volumes").empty()) {
        body.reject("volumes", "The sandbox has none.");
    }
    const auto all_sizes = sizes();
    const auto all_regions = regions([](const std::string&, const std::string&) { return false; });
    const json* const found_size = find_slug(all_sizes, size);
    if (body.has("name") && !is_rfc1123_name(droplet.name)) {
        body.reject("name", "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)");
    }
    if (spec.user_data.size() > kMaxUserDataBytes) {
        body.reject("user_data", "is too long (maximum is 65536 bytes)");
    }
    if (find_slug(all_regions, droplet.region) == nullptr) {
        body.reject("region", "Region is not a valid region slug");
    }
    if (found_size == nullptr) {
        body.reject("size", "You specified an invalid size for Droplet creation.");
    }
    if (!is_known_image(context.account, image)) {
        body.reject("image", "You specified an invalid image for Droplet creation.");
    }
    body.finish();
    for (const json& key : keys) {
        spec.authorized_keys.push_back(public_key_of(context.account, key));
    }
    droplet.size = *found_size;
    droplet.image = debian_image();
    return droplet;
}

ApiAnswer DigitalOceanApi::Impl::create_droplet(Context& context) {
    Account& account = context.account;
    HostSpec spec;
    Droplet droplet = read_new_droplet(context, spec);
    if (account.droplets.size() >= static_cast<std::size_t>(droplet_limit())) {
        refuse("creating this/these droplet(s) will exceed your droplet limit");
    }
    check_stock(droplet);
    const FaultSet faults = faults_.get();
    const auto now = std::chrono::system_clock::now();
    droplet.id = next_id();
    droplet.created = now;
    droplet.visible_from =
        now + std::chrono::milliseconds(static_cast<long>(faults.late_visibility_seconds * 1000));
    droplet.stuck = faults_.use(&FaultSet::stuck_initializing);
    droplet.fails = faults_.use(&FaultSet::create_action_fails);
    spec.id = droplet.id;
    spec.name = droplet.name;
    spec.ignores_planted_host_key = faults_.use(&FaultSet::wrong_host_key);
    owners_[droplet.id] = &account;
    auto address = fleet_.add(spec);
    if (!address) {
        owners_.erase(droplet.id);
        refuse(address.error() + ": currently unavailable");
    }
    droplet.ipv4 = *address;
    account.tags.insert(droplet.tags.begin(), droplet.tags.end());
    droplet.create_action = begin_action(account, "create", droplet).id;
    const std::int64_t action = droplet.create_action;
    const Droplet& kept = account.droplets.emplace(droplet.id, std::move(droplet)).first->second;
    refresh_open_ports(account);
    const auto delay =
        faults.boot_delay_seconds
            ? std::chrono::milliseconds(static_cast<long>(*faults.boot_delay_seconds * 1000))
            : options_.boot_delay;
    scheduler_.after(delay, [this, id = kept.id] { end_boot_delay(id); });
    const json link{{"id", action},
                    {"rel", "create"},
                    {"href", "https://api.digitalocean.com/v2/actions/" + std::to_string(action)}};
    return {.status = 202,
            .body = {{"droplet", droplet_json(account, kept)},
                     {"links", {{"actions", json::array({link})}}}}};
}

ApiAnswer DigitalOceanApi::Impl::list_droplets(Context& context) {
    const std::string* tag = query_value(context.call.query, "tag_name");
    const std::string* name = query_value(context.call.query, "name");
    if (tag != nullptr && name != nullptr) {
        refuse("tag_name and name cannot be combined");
    }
    std::vector<json> entries;
    for (const auto& [id, droplet] : context.account.droplets) {
        const bool chosen = (tag == nullptr || droplet.tags.contains(*tag)) &&
                            (name == nullptr || droplet.name == *name);
        if (chosen && is_listed(droplet)) {
            entries.push_back(droplet_json(context.account, droplet));
        }
    }
    return list_answer(context, "droplets", std::move(entries));
}

ApiAnswer DigitalOceanApi::Impl::get_droplet(Context& context) {
    return {.body = {{"droplet", droplet_json(context.account, find_droplet(context))}}};
}

/// Lets go of the lock while the host goes, which reports on a thread of its own.
void DigitalOceanApi::Impl::remove_droplet(Context& context, std::int64_t id) {
    Account& account = context.account;
    // Of several that are to go, one may have been deleted while the lock was let go for another.
    const auto found = account.droplets.find(id);
    if (found == account.droplets.end() || found->second.deleting) {
        return;
    }
    found->second.deleting = true;
    end_action(account, found->second.create_action, "errored");
    context.lock.unlock();
    fleet_.remove(id);
    context.lock.lock();
    owners_.erase(id);
    account.droplets.erase(id);
    for (auto& [firewall_id, firewall] : account.firewalls) {
        firewall.droplets.erase(id);
    }
}

ApiAnswer DigitalOceanApi::Impl::delete_droplet(Context& context) {
    const Droplet& droplet = find_droplet(context);
    if (faults_.use(&FaultSet::delete_locked)) {
        refuse("Droplet already has a pending event.");
    }
    remove_droplet(context, droplet.id);
    return {.status = 204, .body = nullptr};
}

ApiAnswer DigitalOceanApi::Impl::delete_droplets_by_tag(Context& context) {
    const std::string* tag = query_value(context.call.query, "tag_name");
    if (tag == nullptr) {
        refuse("tag_name is required");
    }
    std::vector<std::int64_t> ids;
    for (const auto& [id, droplet] : context.account.droplets) {
        if (droplet.tags.contains(*tag) && !droplet.deleting) {
            ids.push_back(id);
        }
    }
    for (const std::int64_t id : ids) {
        remove_droplet(context, id);
    }
    return {.status = 204, .body = nullptr};
}

ApiAnswer DigitalOceanApi::Impl::answer_droplet_call(const ApiCall& call, const std::string& what) {
    const auto segments = split_path(what);
    std::int64_t id = 0;
    const std::lock_guard lock(mutex_);
    for (auto& [token, account] : accounts_) {
        if (segments.size() < 2 || !is_id(segments[1], id)) {
            break;
        }
        const auto found = account.droplets.find(id);
        if (found == account.droplets.end() || found->second.deleting) {
            continue;
        }
        if (segments.size() == 2 && call.method == "GET") {
            return {.body = {{"droplet", droplet_json(account, found->second)}}};
        }
        if (segments.size() == 3 && segments[2] == "archive" && call.method == "POST") {
            found->second.status = DropletStatus::archived;
            return {.status = 204, .body = nullptr};
        }
    }
    refuse_missing();
}

}  // namespace hatchery::sandbox
