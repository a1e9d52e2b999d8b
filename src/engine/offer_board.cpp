#include "engine/offer_board.hpp"

#include <charconv>

#include "base/log.hpp"
#include "ports/cloud_budgets.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto kept_for = 10min;
constexpr auto kept_after_failure = 30s;
constexpr auto sold_out_for = 5min;

double number_of(const std::string& text) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::vector<core::KnownPlace> read(const std::string& provider,
                                   const std::vector<providers::Offer>& offers) {
    std::vector<core::KnownPlace> places;
    for (const auto& offer : offers) {
        places.push_back({.place = {provider, offer.region, offer.type},
                          .country = offer.country,
                          .architecture = offer.architecture,
                          .cores = offer.cores,
                          .memory_gb = offer.memory_gb,
                          .price = number_of(offer.price_monthly),
                          .price_monthly = offer.price_monthly,
                          .currency = offer.price_currency,
                          .available = offer.available});
    }
    return places;
}

}  // namespace

std::vector<core::KnownPlace> OfferBoard::places(providers::CloudProvider& provider,
                                                 const base::Call& call) {
    const std::scoped_lock lock(mutex_);
    const auto now = base::steady_now();
    auto& kept = kept_[provider.name()];
    if (now >= kept.until) {
        const ports::UrgencyScope urgency(core::Urgency::poll);
        const auto offers = provider.offers(call);
        if (offers) {
            kept = {.places = read(provider.name(), *offers), .until = now + kept_for};
        } else {
            kept.until = now + kept_after_failure;
            base::log_event(base::LogLevel::warning, "offers_unknown",
                            {{"provider", provider.name()}, {"message", offers.error().message}});
        }
    }
    auto places = kept.places;
    for (auto& known : places) {
        const auto found = sold_out_until_.find(core::place_text(known.place));
        if (found != sold_out_until_.end() && now < found->second) known.available = false;
    }
    return places;
}

void OfferBoard::sold_out(const core::Place& place) {
    const std::scoped_lock lock(mutex_);
    sold_out_until_[core::place_text(place)] = base::steady_now() + sold_out_for;
}

}  // namespace hatchery::engine
