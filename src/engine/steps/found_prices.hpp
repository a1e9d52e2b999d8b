#pragma once

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

}  // namespace hatchery::engine
