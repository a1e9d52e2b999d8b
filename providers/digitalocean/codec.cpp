#include "providers/digitalocean/codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/json_value.hpp"
#include "providers/digitalocean/tags.hpp"
#include "providers/rest/client.hpp"

namespace hatchery::providers::digitalocean {

namespace {

using base::ErrorKind;
using base::Json;
using base::json_member;
using base::json_string;

constexpr std::size_t max_user_data_bytes = 64U << 10U;
constexpr const char* currency = "USD";

struct CountryRow {
    std::string_view city;
    std::string_view country;
};

/// docs.digitalocean.com, "Regional availability": slugs are a city and a number.
constexpr auto countries = std::to_array<CountryRow>({{"ams", "NL"},
                                                      {"atl", "US"},
                                                      {"blr", "IN"},
                                                      {"fra", "DE"},
                                                      {"lon", "GB"},
                                                      {"nyc", "US"},
                                                      {"ric", "US"},
                                                      {"sfo", "US"},
                                                      {"sgp", "SG"},
                                                      {"syd", "AU"},
                                                      {"tor", "CA"}});

CloudServerStatus decode_status(std::string_view status) {
    if (status == "new") return CloudServerStatus::initializing;
    if (status == "active") return CloudServerStatus::running;
    if (status == "off") return CloudServerStatus::off;
    // Among others `archive`, in which a Droplet is billed and can be deleted like any.
    return CloudServerStatus::unknown;
}

double number(const Json& object, std::string_view key) {
    const Json& member = json_member(object, key);
    return member.is_number() ? member.get<double>() : 0.0;
}

/// DigitalOcean prints prices as numbers, and not as round ones: 0.00743999984115362 stands for
/// 0.00744.
std::string price(const Json& size, std::string_view key) {
    const Json& member = json_member(size, key);
    if (!member.is_number()) return {};
    std::string text = fmt::format("{:.6f}", member.get<double>());
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

std::string public_address(const Json& droplet) {
    const Json& addresses = json_member(json_member(droplet, "networks"), "v4");
    if (!addresses.is_array()) return {};
    for (const Json& address : addresses) {
        if (json_string(address, "type") == "public") return json_string(address, "ip_address");
    }
    return {};
}

/// A slug is text, the id of a snapshot a number.
Json number_or_text(const std::string& text) {
    long long id = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, id);
    const bool is_number = read.ec == std::errc{} && read.ptr == end;
    return is_number ? Json(id) : Json(text);
}

/// A rule that lets everything of a protocol out; "0" stands for all of its ports.
Json everywhere(std::string_view protocol) {
    return {{"protocol", protocol},
            {"ports", "0"},
            {"destinations", {{"addresses", Json::array({"0.0.0.0/0", "::/0"})}}}};
}

/// Where a firewall lets SSH in from. A rule that opens anything else stands there as what no
/// request asks for, so that it is seen and replaced.
std::vector<std::string> ssh_sources(const Json& rules) {
    std::set<std::string> sources;
    if (!rules.is_array()) return {};
    for (const Json& rule : rules) {
        const std::string protocol = json_string(rule, "protocol");
        const bool is_ssh = protocol == "tcp" && json_string(rule, "ports") == "22";
        const Json& addresses = json_member(json_member(rule, "sources"), "addresses");
        if (!addresses.is_array()) {
            sources.insert(protocol + " from no address");
            continue;
        }
        for (const Json& address : addresses) {
            if (!address.is_string()) continue;
            const auto& text = address.get_ref<const std::string&>();
            sources.insert(is_ssh ? text : protocol + " " + text);
        }
    }
    return {sources.begin(), sources.end()};
}

bool is_uuid_like(std::string_view id) {
    return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
               c == '-';
    });
}

}  // namespace

base::Result<Json> encode_create(const CreateServer& request) {
    if (request.type.empty() || request.image.empty()) {
        return base::fail(ErrorKind::invalid, "A server needs a type and an image.");
    }
    const std::size_t bytes = request.user_data.reveal().size();
    if (bytes > max_user_data_bytes) {
        return base::fail(ErrorKind::invalid,
                          fmt::format("The user data has {} bytes; DigitalOcean takes at most {}.",
                                      bytes, max_user_data_bytes));
    }
    auto unique = create_tag(request.name);
    if (!unique) return base::fail(std::move(unique.error()));
    auto tags = tags_of(request.labels);
    if (!tags) return base::fail(std::move(tags.error()));
    tags->push_back(std::move(*unique));
    Json body{{"name", request.name},
              {"size", request.type},
              {"image", number_or_text(request.image)},
              {"tags", *tags},
              // Its agent would let DigitalOcean's console in.
              {"with_droplet_agent", false}};
    if (!request.region.empty()) body["region"] = request.region;
    if (!request.user_data.empty()) body["user_data"] = request.user_data.reveal();
    if (!request.ssh_keys.empty()) {
        Json keys = Json::array();
        for (const std::string& key : request.ssh_keys) keys.push_back(number_or_text(key));
        body["ssh_keys"] = std::move(keys);
    }
    return body;
}

std::optional<CloudServer> decode_droplet(const Json& droplet) {
    CloudServer decoded;
    decoded.provider_server_id = rest::id_text(json_member(droplet, "id"));
    // What could not be asked for again, nor deleted, is no server to us.
    if (!rest::check_id("DigitalOcean", decoded.provider_server_id)) return std::nullopt;
    decoded.name = json_string(droplet, "name");
    decoded.status = decode_status(json_string(droplet, "status"));
    decoded.public_ip = public_address(droplet);
    decoded.labels = decode_tags(json_member(droplet, "tags"));
    decoded.region = json_string(json_member(droplet, "region"), "slug");
    decoded.type = json_string(droplet, "size_slug");
    decoded.created_at =
        base::parse_time(json_string(droplet, "created_at")).value_or(base::TimePoint{});
    const Json& size = json_member(droplet, "size");
    decoded.price_hourly = price(size, "price_hourly");
    decoded.price_monthly = price(size, "price_monthly");
    if (!decoded.price_hourly.empty() || !decoded.price_monthly.empty()) {
        decoded.price_currency = currency;
    }
    return decoded;
}

std::vector<std::string> decode_create_actions(const Json& answer) {
    std::vector<std::string> ids;
    const Json& links = json_member(json_member(answer, "links"), "actions");
    if (!links.is_array()) return ids;
    for (const Json& link : links) {
        auto id = rest::id_text(json_member(link, "id"));
        if (json_string(link, "rel") == "create" && rest::check_id("DigitalOcean", id)) {
            ids.push_back(std::move(id));
        }
    }
    return ids;
}

std::optional<core::CloudAction> decode_action(const Json& action) {
    using State = core::CloudAction::State;
    core::CloudAction decoded;
    decoded.id = rest::id_text(json_member(action, "id"));
    if (decoded.id.empty()) return std::nullopt;
    const std::string status = json_string(action, "status");
    if (status == "in-progress") decoded.state = State::running;
    if (status == "completed") decoded.state = State::succeeded;
    if (status != "errored") return decoded;
    decoded.state = State::failed;
    decoded.error.kind = base::ErrorKind::unavailable;
    decoded.error.effect = base::Effect::none;
    decoded.error.code = status;
    decoded.error.message = fmt::format(
        "DigitalOcean took the order and then failed to {} the server, and does not say why ({}).",
        json_string(action, "type", "make"), status);
    decoded.error.next_action = "Wait: it is tried again, or choose another region.";
    return decoded;
}

std::optional<long long> next_page(const Json& answer, long long page) {
    const Json& pages = json_member(json_member(answer, "links"), "pages");
    return json_string(pages, "next").empty() ? std::nullopt : std::optional(page + 1);
}

std::optional<Region> decode_region(const Json& region) {
    Region decoded{.slug = json_string(region, "slug"), .name = json_string(region, "name")};
    if (decoded.slug.empty()) return std::nullopt;
    decoded.available = base::json_bool(region, "available", true);
    const Json& sizes = json_member(region, "sizes");
    if (!sizes.is_array()) return decoded;
    for (const Json& size : sizes) {
        if (size.is_string()) decoded.sizes.push_back(size.get<std::string>());
    }
    return decoded;
}

std::vector<Offer> decode_offers(const Json& size, const std::map<std::string, Region>& regions) {
    std::vector<Offer> offers;
    const std::string slug = json_string(size, "slug");
    const Json& sold_in = json_member(size, "regions");
    if (slug.empty() || !sold_in.is_array()) return offers;
    const bool sold = base::json_bool(size, "available", true);
    for (const Json& entry : sold_in) {
        if (!entry.is_string()) continue;
        const auto& name = entry.get_ref<const std::string&>();
        const auto region = regions.find(name);
        const bool known = region != regions.end();
        const bool in_stock =
            known && region->second.available &&
            std::ranges::find(region->second.sizes, slug) != region->second.sizes.end();
        offers.push_back({.region = name,
                          .region_description = known ? region->second.name : name,
                          .country = std::string(country_of(name)),
                          .type = slug,
                          // It sells no other.
                          .architecture = "x86",
                          .cores = static_cast<int>(number(size, "vcpus")),
                          .memory_gb = number(size, "memory") / 1024.0,
                          .disk_gb = static_cast<int>(number(size, "disk")),
                          .price_hourly = price(size, "price_hourly"),
                          .price_monthly = price(size, "price_monthly"),
                          .price_currency = currency,
                          .available = sold && in_stock});
    }
    return offers;
}

std::string_view country_of(std::string_view region) {
    const auto* const row = std::ranges::find_if(countries, [region](const CountryRow& candidate) {
        return region.starts_with(candidate.city);
    });
    return row == countries.end() ? std::string_view() : row->country;
}

std::optional<CloudImage> decode_image(const Json& image) {
    const std::string slug = json_string(image, "slug");
    if (slug.empty() || json_string(image, "status", "available") != "available") {
        return std::nullopt;
    }
    return CloudImage{
        .name = slug,
        .description = json_string(image, "distribution") + " " + json_string(image, "name"),
        .architecture = "x86"};
}

AccountLimits decode_account(const Json& account) {
    AccountLimits limits;
    const long long droplets = base::json_int(account, "droplet_limit", -1);
    if (droplets >= 0) limits.max_servers = static_cast<long>(droplets);
    if (json_string(account, "status") == "locked") {
        limits.locked_because = json_string(account, "status_message", "no reason given");
        if (limits.locked_because.empty()) limits.locked_because = "no reason given";
    }
    return limits;
}

base::Result<Json> encode_firewall(const CreateFirewall& request) {
    if (!is_plain_name(request.name)) {
        return base::fail(ErrorKind::invalid,
                          "A name at DigitalOcean must have 1 to 63 letters, digits and hyphens.");
    }
    const auto tag = tag_of(request.applies_to.first, request.applies_to.second);
    if (!tag) return base::fail(tag.error());
    const Json ssh{
        {"protocol", "tcp"}, {"ports", "22"}, {"sources", {{"addresses", request.ssh_sources}}}};
    return Json{
        {"name", request.name},
        {"inbound_rules", Json::array({ssh})},
        {"outbound_rules", Json::array({everywhere("tcp"), everywhere("udp"), everywhere("icmp")})},
        {"tags", Json::array({*tag})}};
}

std::optional<CloudResource> decode_reserved_ip(const Json& object) {
    // The address is its own id and name. What one costs is said nowhere in the API.
    CloudResource decoded{.kind = ResourceKind::floating_ip, .id = json_string(object, "ip")};
    if (decoded.id.empty()) return std::nullopt;
    decoded.name = decoded.id;
    decoded.in_use = json_member(object, "droplet").is_object();
    decoded.region = json_string(json_member(object, "region"), "slug");
    return decoded;
}

std::optional<CloudResource> decode_resource(ResourceKind kind, const Json& object) {
    CloudResource decoded{.kind = kind};
    decoded.id = rest::id_text(json_member(object, "id"));
    if (decoded.id.empty()) return std::nullopt;
    const std::string name = json_string(object, "name");
    decoded.name = plain_name(name);
    decoded.created_at = base::parse_time(json_string(object, "created_at"));
    if (kind == ResourceKind::firewall) {
        decoded.labels = decode_tags(json_member(object, "tags"));
        decoded.ssh_sources = ssh_sources(json_member(object, "inbound_rules"));
        // Its own tags are those of the servers which it covers.
        decoded.applies_to.assign(decoded.labels.begin(), decoded.labels.end());
    } else {
        decoded.labels = decode_name(name);
    }
    if (kind == ResourceKind::snapshot) decoded.size_gb = number(object, "size_gigabytes");
    return decoded;
}

base::Result<void> check_resource_id(ResourceKind kind, const std::string& id) {
    if (kind != ResourceKind::firewall) return rest::check_id("DigitalOcean", id);
    if (is_uuid_like(id)) return {};
    return base::fail(ErrorKind::invalid, "A DigitalOcean firewall's id is a UUID.");
}

}  // namespace hatchery::providers::digitalocean
