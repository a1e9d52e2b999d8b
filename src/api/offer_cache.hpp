#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/call.hpp"
#include "base/result.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::api {

/// What the providers sell, asked at most every five minutes each. Thread-safe; a caller that
/// finds nothing fresh blocks for the provider, and others with it.
class OfferCache {
public:
    using Offers = std::vector<providers::Offer>;

    explicit OfferCache(std::chrono::milliseconds lifetime = std::chrono::minutes(5))
        : lifetime_(lifetime) {}

    [[nodiscard]] base::Result<Offers> offers(providers::CloudProvider& provider,
                                              const base::Call& call);

private:
    struct Kept {
        Offers offers;
        std::chrono::steady_clock::time_point until;
    };
    const std::chrono::milliseconds lifetime_;
    std::mutex mutex_;
    std::map<std::string, Kept> kept_;
};

}  // namespace hatchery::api
