#include "providers/hetzner/price_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/json_value.hpp"

namespace hatchery::providers::hetzner {

namespace {

using base::Json;
using base::json_member;
using base::json_string;

struct Decimal {
    double value = 0;
    std::size_t places = 0;
};

std::optional<Decimal> decimal(const std::string& text) {
    Decimal number;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number.value, std::chars_format::fixed);
    if (text.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    const auto point = text.find('.');
    if (point != std::string::npos) number.places = text.size() - point - 1;
    return number;
}

/// The first one alone when either is none.
std::string sum(const std::string& one, const std::string& other) {
    const auto left = decimal(one);
    const auto right = decimal(other);
    if (!left || !right) return one;
    return fmt::format("{:.{}f}", left->value + right->value,
                       std::max(left->places, right->places));
}

void add_address(const PriceList& list, const std::string& location, std::string& hourly,
                 std::string& monthly) {
    const auto found = list.ipv4.find(location);
    if (found == list.ipv4.end()) return;
    hourly = sum(hourly, found->second.hourly);
    monthly = sum(monthly, found->second.monthly);
}

void read_floating(const Json& kinds, PriceList& list) {
    if (!kinds.is_array()) return;
    for (const Json& kind : kinds) {
        const Json& prices = json_member(kind, "prices");
        if (!prices.is_array()) continue;
        for (const Json& price : prices) {
            list.floating[{json_string(kind, "type"), json_string(price, "location")}] =
                json_string(json_member(price, "price_monthly"), "net");
        }
    }
}

}  // namespace

PriceList decode_price_list(const Json& pricing) {
    PriceList list{.currency = json_string(pricing, "currency", "EUR"), .ipv4 = {}, .floating = {}};
    read_floating(json_member(pricing, "floating_ips"), list);
    const Json& kinds = json_member(pricing, "primary_ips");
    if (!kinds.is_array()) return list;
    for (const Json& kind : kinds) {
        const Json& prices = json_member(kind, "prices");
        if (json_string(kind, "type") != "ipv4" || !prices.is_array()) continue;
        for (const Json& price : prices) {
            list.ipv4[json_string(price, "location")] = {
                .hourly = json_string(json_member(price, "price_hourly"), "net"),
                .monthly = json_string(json_member(price, "price_monthly"), "net")};
        }
    }
    return list;
}

void complete_prices(const PriceList& list, CloudServer& server) {
    if (server.price_hourly.empty() && server.price_monthly.empty()) return;
    server.price_currency = list.currency;
    if (server.public_ip.empty()) return;
    add_address(list, server.region, server.price_hourly, server.price_monthly);
}

void complete_prices(const PriceList& list, const std::string& type, CloudResource& address) {
    if (address.kind == ResourceKind::floating_ip) {
        const auto found = list.floating.find({type, address.region});
        if (found != list.floating.end()) address.price_monthly = found->second;
    } else if (type == "ipv4") {
        const auto found = list.ipv4.find(address.region);
        if (found != list.ipv4.end()) address.price_monthly = found->second.monthly;
    }
    if (!address.price_monthly.empty()) address.price_currency = list.currency;
}

void complete_prices(const PriceList& list, Offer& offer) {
    offer.price_currency = list.currency;
    add_address(list, offer.region, offer.price_hourly, offer.price_monthly);
}

}  // namespace hatchery::providers::hetzner
