#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/steady_time.hpp"
#include "core/placement.hpp"
#include "providers/offer_source.hpp"

namespace hatchery::engine {

/// What providers sell, kept for ten minutes, and what was found sold out meanwhile. One caller at
/// a time asks a provider; whoever comes meanwhile gets what is known, or waits if that is nothing.
/// Thread-safe.
class OfferBoard final : public providers::OfferSource {
public:
    base::Result<std::vector<providers::Offer>> offers(providers::CloudProvider& provider,
                                                       const base::Call& call) override;

    /// The same for a choice: nothing when nothing is known.
    [[nodiscard]] std::vector<core::KnownPlace> places(providers::CloudProvider& provider,
                                                       const base::Call& call);
    /// A create found it sold out: it counts as such for five minutes.
    void sold_out(const core::Place& place);

private:
    struct Kept {
        /// Held by the one who asks the provider.
        std::mutex asking;
        std::vector<providers::Offer> offers;
        bool is_known = false;
        /// Of the last answer, if it was none.
        std::optional<base::Error> failure;
        base::SteadyTime until;
    };

    [[nodiscard]] Kept& kept_of(const std::string& provider);
    /// What is kept, if it is fresh or `stale` will do.
    [[nodiscard]] std::optional<base::Result<std::vector<providers::Offer>>> kept(
        const std::string& provider, const Kept& kept, bool stale);
    [[nodiscard]] std::vector<providers::Offer> marked(const std::string& provider,
                                                       const Kept& kept) const;

    std::mutex mutex_;
    std::map<std::string, Kept> kept_;
    std::map<std::string, base::SteadyTime> sold_out_until_;
};

}  // namespace hatchery::engine
