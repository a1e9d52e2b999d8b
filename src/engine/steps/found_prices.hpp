#pragma once

#include <string>

#include "ports/fleet_store.hpp"
#include "providers/cloud_types.hpp"

namespace hatchery::engine {

/// Puts what a machine costs into the change of its row, as far as the provider said so: what is
/// known already stays otherwise.
inline void keep_prices(ports::ServerChange& change, const providers::CloudServer& found) {
    if (!found.price_monthly.empty()) change.price_monthly = found.price_monthly;
    if (!found.price_hourly.empty()) change.price_hourly = found.price_hourly;
    if (!found.price_currency.empty()) change.price_currency = found.price_currency;
}

/// `, 3.49 EUR a month` for people; empty when the provider did not say it.
inline std::string price_words(const providers::CloudServer& found) {
    std::string amount = found.price_monthly;
    if (amount.empty()) return {};
    // The zeros behind the cents say nothing.
    if (const auto point = amount.find('.'); point != std::string::npos) {
        while (amount.size() > point + 3 && amount.back() == '0') amount.pop_back();
    }
    return ", " + amount + " " + found.price_currency + " a month";
}

}  // namespace hatchery::engine
