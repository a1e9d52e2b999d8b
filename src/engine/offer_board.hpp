#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/steady_time.hpp"
#include "core/placement.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::engine {

/// What providers sell, kept for ten minutes, and what was found sold out meanwhile. Thread-safe;
/// one of several callers asks the provider, the others wait for its answer.
class OfferBoard {
public:
    /// What was known before, when the provider does not answer now; nothing when nothing was.
    [[nodiscard]] std::vector<core::KnownPlace> places(providers::CloudProvider& provider,
                                                       const base::Call& call);
    /// A create found it sold out: it counts as such for five minutes.
    void sold_out(const core::Place& place);

private:
    struct Kept {
        std::vector<core::KnownPlace> places;
        base::SteadyTime until;
    };

    std::mutex mutex_;
    std::map<std::string, Kept> kept_;
    std::map<std::string, base::SteadyTime> sold_out_until_;
};

}  // namespace hatchery::engine
