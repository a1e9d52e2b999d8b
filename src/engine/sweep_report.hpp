#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

namespace hatchery::engine {

/// One thing at a provider, or one server of ours, that is not as it should be.
struct SweepFinding {
    /// `server`, `snapshot`, `firewall`, `ssh_key`, `primary_ip`, `floating_ip`.
    std::string kind;
    /// `stray`, `left_over`, `unassigned`, `vanished`, `switched_off`.
    std::string trouble;
    std::string id;
    std::string name;
    std::string region;
    std::string type;
    std::string price_monthly;
    std::string price_currency;
    /// What was done: `none`, `waits`, `deleted`, `failed`, `switched_on`, `gave_up`, `bot_failed`.
    std::string done = "none";
};

/// What a sweep of one provider found.
struct SweepReport {
    std::size_t listed = 0;
    std::size_t alive = 0;
    std::vector<SweepFinding> findings;
    /// Why nothing was compared; empty when it was.
    std::string error;
};

/// The report as it is kept and shown: `{listed, alive, error, findings: [{kind, trouble, …}]}`.
[[nodiscard]] std::string report_text(const SweepReport& report);

}  // namespace hatchery::engine
