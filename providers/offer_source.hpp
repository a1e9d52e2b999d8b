#pragma once

#include <charconv>
#include <string>
#include <vector>

#include "core/placement.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::providers {

/// What providers sell, remembered for a while, so that many may ask. What was found sold out
/// lately counts as such, whatever the provider's list says. Thread-safe.
class OfferSource {
public:
    virtual ~OfferSource() = default;

    /// Blocks for the provider while nothing fresh is known. When it does not answer, what was
    /// known before holds on; an error when there is nothing.
    [[nodiscard]] virtual base::Result<std::vector<Offer>> offers(CloudProvider& provider,
                                                                  const base::Call& call) = 0;
};

/// The same as the choice of a place wants it.
[[nodiscard]] inline std::vector<core::KnownPlace> known_places(const std::string& provider,
                                                                const std::vector<Offer>& offers) {
    std::vector<core::KnownPlace> places;
    for (const auto& offer : offers) {
        double price = 0;
        const auto& text = offer.price_monthly;
        std::from_chars(text.data(), text.data() + text.size(), price);
        places.push_back({.place = {provider, offer.region, offer.type},
                          .country = offer.country,
                          .architecture = offer.architecture,
                          .cores = offer.cores,
                          .memory_gb = offer.memory_gb,
                          .price = price,
                          .price_monthly = offer.price_monthly,
                          .currency = offer.price_currency,
                          .available = offer.available});
    }
    return places;
}

}  // namespace hatchery::providers
