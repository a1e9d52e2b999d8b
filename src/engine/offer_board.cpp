#include "engine/offer_board.hpp"

#include "base/log.hpp"
#include "ports/cloud_budgets.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using base::Result;
using providers::Offer;

constexpr auto kept_for = 10min;
constexpr auto kept_after_failure = 30s;
constexpr auto sold_out_for = 5min;

}  // namespace

OfferBoard::Kept& OfferBoard::kept_of(const std::string& provider) {
    const std::scoped_lock lock(mutex_);
    return kept_[provider];
}

std::vector<Offer> OfferBoard::marked(const std::string& provider, const Kept& kept) const {
    const auto now = base::steady_now();
    auto offers = kept.offers;
    for (auto& offer : offers) {
        const auto found =
            sold_out_until_.find(core::place_text({provider, offer.region, offer.type}));
        if (found != sold_out_until_.end() && now < found->second) offer.available = false;
    }
    return offers;
}

std::optional<Result<std::vector<Offer>>> OfferBoard::kept(const std::string& provider,
                                                           const Kept& kept, bool stale) {
    const std::scoped_lock lock(mutex_);
    const bool fresh = base::steady_now() < kept.until;
    if (kept.is_known && (fresh || stale)) return marked(provider, kept);
    if (!kept.is_known && fresh && kept.failure) return base::fail(*kept.failure);
    return std::nullopt;
}

Result<std::vector<Offer>> OfferBoard::offers(providers::CloudProvider& provider,
                                              const base::Call& call) {
    const auto name = provider.name();
    Kept& mine = kept_of(name);
    if (auto known = kept(name, mine, false)) return *std::move(known);
    std::unique_lock asking(mine.asking, std::try_to_lock);
    if (!asking) {
        if (auto known = kept(name, mine, true)) return *std::move(known);
        asking.lock();
    }
    if (auto known = kept(name, mine, false)) return *std::move(known);
    const ports::UrgencyScope urgency(core::Urgency::poll);
    auto answer = provider.offers(call);
    const std::scoped_lock lock(mutex_);
    mine.until = base::steady_now() + (answer ? kept_for : kept_after_failure);
    if (answer) {
        mine.offers = *std::move(answer);
        mine.is_known = true;
        return marked(name, mine);
    }
    base::log_event(base::LogLevel::warning, "offers_unknown",
                    {{"provider", name}, {"message", answer.error().message}});
    mine.failure = answer.error();
    if (mine.is_known) return marked(name, mine);
    return answer;
}

std::vector<core::KnownPlace> OfferBoard::places(providers::CloudProvider& provider,
                                                 const base::Call& call) {
    const auto known = offers(provider, call);
    if (!known) return {};
    return providers::known_places(provider.name(), *known);
}

void OfferBoard::sold_out(const core::Place& place) {
    const std::scoped_lock lock(mutex_);
    sold_out_until_[core::place_text(place)] = base::steady_now() + sold_out_for;
}

}  // namespace hatchery::engine
