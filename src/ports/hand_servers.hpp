#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/server.hpp"

namespace hatchery::ports {

/// What the row of a server by hand holds before its machine exists.
struct HandServerPlan {
    base::ServerId id;
    base::UserId made_by;
    std::string provider;
    std::string region;
    std::string type;
    std::string image;
    /// What the catalogue says that it will cost a month; empty when that is not known.
    std::string price_monthly;
    std::string price_currency;
    /// What all servers of the provider may cost a month together, in its currency.
    std::optional<double> ceiling;
};

struct HandServerAllowance {
    /// The row; nothing when the ceiling does not allow it.
    std::optional<core::Server> server;
    /// What all servers of the provider would cost a month with this one, where there is a ceiling:
    /// decimal text with two digits.
    std::string would_be;
};

/// Servers that an admin asked for by hand: they belong to no bot. Sweeps, costs and ceilings know
/// them as they know all others. Thread-safe.
class HandServers {
public:
    virtual ~HandServers() = default;

    /// Writes the intent, a row in state `creating`, before anything is asked of the provider: if
    /// all servers of the provider that are billed, or may be, then cost no more than the ceiling.
    /// In one transaction, and no two of one provider at a time, those of CloudLedger's among them.
    /// `conflict` when there is a server of this id, `unavailable` with the code `price_unknown`
    /// when there is a ceiling and no price.
    [[nodiscard]] virtual base::Result<HandServerAllowance> plan(const HandServerPlan& plan,
                                                                 base::TimePoint now) = 0;
    /// The server by hand of this id, also when it is gone.
    [[nodiscard]] virtual base::Result<std::optional<core::Server>> find(
        const base::ServerId& id) = 0;
    /// All that are not proven gone.
    [[nodiscard]] virtual base::Result<std::vector<core::Server>> alive() = 0;
    /// The provider has it: what `known` tells of its machine is written down, and a server that
    /// was `creating` is `booting`. False when it is gone already. One that is being deleted stays
    /// so.
    [[nodiscard]] virtual base::Result<bool> made(const core::Server& known) = 0;
    /// It runs.
    [[nodiscard]] virtual base::Result<void> ready(const base::ServerId& id,
                                                   const std::string& public_ip) = 0;
    /// It is to be deleted, from whatever state; false when it is gone already.
    [[nodiscard]] virtual base::Result<bool> condemn(const base::ServerId& id) = 0;
    /// It is proven gone, or nothing was made.
    [[nodiscard]] virtual base::Result<void> gone(const base::ServerId& id,
                                                  base::TimePoint now) = 0;
};

}  // namespace hatchery::ports
