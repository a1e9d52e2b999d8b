#include "providers/hetzner/codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/json_value.hpp"
#include "providers/hetzner/errors.hpp"
#include "providers/rest/client.hpp"

namespace hatchery::providers::hetzner {

namespace {

using base::ErrorKind;
using base::Json;
using base::json_member;
using base::json_string;

constexpr std::size_t max_user_data_bytes = 32U << 10U;
constexpr std::size_t max_label_part = 63;

bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// Letters and digits at both ends, `inner` between as well, at most 63 characters.
bool is_name_part(std::string_view text, std::string_view inner) {
    if (text.empty() || text.size() > max_label_part) return false;
    if (!is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
    return std::ranges::all_of(text, [inner](char c) {
        return is_alphanumeric(c) || inner.find(c) != std::string_view::npos;
    });
}

bool is_label_part(std::string_view text) { return is_name_part(text, "-_."); }

CloudServerStatus decode_status(std::string_view status) {
    if (status == "initializing") return CloudServerStatus::initializing;
    if (status == "starting") return CloudServerStatus::starting;
    if (status == "running") return CloudServerStatus::running;
    if (status == "stopping" || status == "off") return CloudServerStatus::off;
    if (status == "deleting") return CloudServerStatus::deleting;
    return CloudServerStatus::unknown;
}

/// The net price of `price_hourly` or `price_monthly` in a location; empty when there is none.
std::string net_price(const Json& server_type, std::string_view location, std::string_view which) {
    const Json& prices = json_member(server_type, "prices");
    if (!prices.is_array()) return {};
    for (const Json& price : prices) {
        if (json_string(price, "location") == location) {
            return json_string(json_member(price, which), "net");
        }
    }
    return {};
}

double number(const Json& object, std::string_view key) {
    const Json& member = json_member(object, key);
    return member.is_number() ? member.get<double>() : 0.0;
}

/// Where the server is: `location`, or `datacenter.location` in the API's older answers.
std::string location_of(const Json& server) {
    const std::string name = json_string(json_member(server, "location"), "name");
    if (!name.empty()) return name;
    return json_string(json_member(json_member(server, "datacenter"), "location"), "name");
}

bool sold_after(const Json& deprecation, base::TimePoint now) {
    const auto end = base::parse_time(json_string(deprecation, "unavailable_after"));
    return !end || *end > now;
}

}  // namespace

bool is_host_name(std::string_view name) { return is_name_part(name, "-"); }

base::Result<void> check_labels(const std::map<std::string, std::string>& labels) {
    for (const auto& [label, value] : labels) {
        if (!is_label_part(label) || !is_label_part(value)) {
            return base::fail(ErrorKind::invalid,
                              fmt::format("The label \"{}\" or its value is not one that Hetzner "
                                          "takes.",
                                          label));
        }
    }
    return {};
}

std::map<std::string, std::string> decode_labels(const Json& object) {
    std::map<std::string, std::string> decoded;
    const Json& labels = json_member(object, "labels");
    if (!labels.is_object()) return decoded;
    for (const auto& [label, value] : labels.items()) {
        if (value.is_string()) decoded[label] = value.get<std::string>();
    }
    return decoded;
}

base::Result<void> check_create(const CreateServer& request) {
    if (!is_host_name(request.name)) {
        return base::fail(ErrorKind::invalid,
                          "A server's name must be a host name of at most 63 letters, digits and "
                          "hyphens.");
    }
    if (request.type.empty() || request.image.empty()) {
        return base::fail(ErrorKind::invalid, "A server needs a type and an image.");
    }
    if (request.user_data.reveal().size() > max_user_data_bytes) {
        return base::fail(ErrorKind::invalid,
                          fmt::format("The user data has {} bytes; Hetzner takes at most {}.",
                                      request.user_data.reveal().size(), max_user_data_bytes));
    }
    return check_labels(request.labels);
}

base::Result<std::string> label_selector(const std::string& label, const std::string& value) {
    if (!is_label_part(label) || !is_label_part(value)) {
        return base::fail(ErrorKind::invalid, "A label selector needs a valid key and value.");
    }
    return label + '=' + value;
}

base::Result<std::string> label_selector(const std::string& label,
                                         std::span<const std::string> values) {
    const bool valid =
        is_label_part(label) && !values.empty() &&
        std::ranges::all_of(values, [](const std::string& value) { return is_label_part(value); });
    if (!valid) {
        return base::fail(ErrorKind::invalid, "A label selector needs a valid key and values.");
    }
    return fmt::format("{} in ({})", label, fmt::join(values, ","));
}

Json encode_create(const CreateServer& request) {
    Json body = {
        {"name", request.name},     {"server_type", request.type},
        {"image", request.image},   {"start_after_create", true},
        {"labels", request.labels}, {"public_net", {{"enable_ipv4", true}, {"enable_ipv6", true}}}};
    if (!request.region.empty()) body["location"] = request.region;
    if (!request.user_data.empty()) body["user_data"] = request.user_data.reveal();
    if (!request.ssh_keys.empty()) body["ssh_keys"] = request.ssh_keys;
    return body;
}

std::optional<CloudServer> decode_server(const Json& server, const std::string& currency) {
    CloudServer decoded;
    decoded.provider_server_id = rest::id_text(json_member(server, "id"));
    decoded.name = json_string(server, "name");
    // What could not be asked for again, nor deleted, is no server to us.
    if (!rest::check_id("Hetzner", decoded.provider_server_id)) return std::nullopt;
    if (decoded.name.empty()) return std::nullopt;

    decoded.status = decode_status(json_string(server, "status"));
    decoded.public_ip = json_string(json_member(json_member(server, "public_net"), "ipv4"), "ip");
    decoded.labels = decode_labels(server);
    decoded.region = location_of(server);
    const Json& type = json_member(server, "server_type");
    decoded.type = json_string(type, "name");
    decoded.created_at =
        base::parse_time(json_string(server, "created")).value_or(base::TimePoint{});
    decoded.price_hourly = net_price(type, decoded.region, "price_hourly");
    decoded.price_monthly = net_price(type, decoded.region, "price_monthly");
    if (!decoded.price_hourly.empty() || !decoded.price_monthly.empty()) {
        decoded.price_currency = currency;
    }
    return decoded;
}

std::vector<std::string> decode_create_actions(const Json& answer) {
    std::vector<std::string> ids;
    const auto keep = [&](const Json& action) {
        auto id = rest::id_text(json_member(action, "id"));
        if (rest::check_id("Hetzner", id)) ids.push_back(std::move(id));
    };
    keep(json_member(answer, "action"));
    const Json& next = json_member(answer, "next_actions");
    if (next.is_array()) std::ranges::for_each(next, keep);
    return ids;
}

std::optional<core::CloudAction> decode_action(const Json& action) {
    using State = core::CloudAction::State;
    core::CloudAction decoded;
    decoded.id = rest::id_text(json_member(action, "id"));
    if (decoded.id.empty()) return std::nullopt;
    const std::string status = json_string(action, "status");
    if (status == "running") decoded.state = State::running;
    if (status == "success") decoded.state = State::succeeded;
    if (status == "error") decoded.state = State::failed;
    decoded.progress_percent =
        static_cast<int>(std::clamp(base::json_int(action, "progress"), 0LL, 100LL));
    if (decoded.state == State::failed) decoded.error = action_failure(action);
    return decoded;
}

std::optional<long long> next_page(const Json& answer) {
    const Json& pagination = json_member(json_member(answer, "meta"), "pagination");
    const long long page = base::json_int(pagination, "next_page");
    return page > 0 ? std::optional(page) : std::nullopt;
}

std::vector<Offer> decode_offers(const Json& server_type,
                                 const std::map<std::string, Place>& places,
                                 const std::string& currency, base::TimePoint now) {
    std::vector<Offer> offers;
    const Json& locations = json_member(server_type, "locations");
    if (!locations.is_array()) return offers;
    for (const Json& location : locations) {
        const std::string region = json_string(location, "name");
        if (region.empty() || !sold_after(json_member(location, "deprecation"), now)) continue;
        const auto place = places.find(region);
        const bool known = place != places.end();
        offers.push_back({.region = region,
                          .region_description = known ? place->second.description : region,
                          .country = known ? place->second.country : std::string(),
                          .type = json_string(server_type, "name"),
                          .architecture = json_string(server_type, "architecture"),
                          .cores = static_cast<int>(number(server_type, "cores")),
                          .memory_gb = number(server_type, "memory"),
                          .disk_gb = static_cast<int>(number(server_type, "disk")),
                          .price_hourly = net_price(server_type, region, "price_hourly"),
                          .price_monthly = net_price(server_type, region, "price_monthly"),
                          .price_currency = currency,
                          .available = base::json_bool(location, "available", true)});
    }
    return offers;
}

}  // namespace hatchery::providers::hetzner
