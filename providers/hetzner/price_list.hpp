#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "providers/cloud_types.hpp"

namespace hatchery::providers::hetzner {

/// What `GET /pricing` says that no server's own prices do.
struct PriceList {
    struct Price {
        std::string hourly;
        std::string monthly;
    };
    /// The account's; empty while the list was not read.
    std::string currency;
    /// Of a server's IPv4 address, which is charged apart, net, by location.
    std::map<std::string, Price> ipv4;
    /// Of a floating IP a month, net, by type (`ipv4`, `ipv6`) and location.
    std::map<std::pair<std::string, std::string>, std::string> floating;
};

/// `pricing` of the answer. A list without a currency is in EUR.
[[nodiscard]] PriceList decode_price_list(const base::Json& pricing);

/// Gives a server that has prices their currency, and adds its IPv4 address to them if it has one.
void complete_prices(const PriceList& list, CloudServer& server);
/// Gives an address what it costs a month on its own. `type` is `ipv4`, or `ipv6`, which costs
/// nothing when it is primary.
void complete_prices(const PriceList& list, const std::string& type, CloudResource& address);
/// The same for an offer: every server of ours has an IPv4 address.
void complete_prices(const PriceList& list, Offer& offer);

}  // namespace hatchery::providers::hetzner
