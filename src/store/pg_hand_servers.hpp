#pragma once

#include <map>
#include <memory>
#include <string>

#include "ports/hand_servers.hpp"
#include "store/database.hpp"

namespace hatchery::store {

/// `ceilings` says what a provider's servers may cost a month at most, in its currency. A plan with
/// which all that are billed, or may be, would cost more is refused, and nothing is written:
/// `quota_exceeded` with the code `cost_ceiling`.
[[nodiscard]] std::unique_ptr<ports::HandServers> make_pg_hand_servers(
    Database& database, std::map<std::string, double> ceilings);

}  // namespace hatchery::store
