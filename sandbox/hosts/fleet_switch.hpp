#pragma once

#include <memory>

#include "sandbox/hosts/fleet.hpp"

namespace hatchery::sandbox {

/// One fleet for several clouds: each has a share, hears of its own hosts alone and sees no others.
/// Ids must be unique over all shares. Thread-safe.
class FleetSwitch {
public:
    /// `fleet` must outlive the switch, which becomes its listener.
    explicit FleetSwitch(Fleet& fleet);
    ~FleetSwitch();
    FleetSwitch(const FleetSwitch&) = delete;
    FleetSwitch& operator=(const FleetSwitch&) = delete;

    /// Must not outlive the switch. All shares are made before the first host.
    [[nodiscard]] std::unique_ptr<Fleet> make_share();

private:
    class Share;
    struct Owners;

    Fleet& fleet_;
    std::shared_ptr<Owners> owners_;
};

}  // namespace hatchery::sandbox
