#pragma once

#include <memory>

#include "ports/cloud_ledger.hpp"
#include "store/database.hpp"
#include "store/notifications.hpp"

namespace hatchery::store {

/// What is passed outlives it.
[[nodiscard]] std::unique_ptr<ports::CloudLedger> make_pg_cloud_ledger(Database& database,
                                                                       Hints& hints);

}  // namespace hatchery::store
