#include "api/offer_cache.hpp"

namespace hatchery::api {

base::Result<OfferCache::Offers> OfferCache::offers(providers::CloudProvider& provider,
                                                    const base::Call& call) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    const auto found = kept_.find(provider.name());
    if (found != kept_.end() && now < found->second.until) return found->second.offers;
    auto fresh = provider.offers(call);
    if (!fresh) return fresh;
    kept_[provider.name()] = {*fresh, now + lifetime_};
    return fresh;
}

}  // namespace hatchery::api
