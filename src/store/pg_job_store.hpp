#pragma once

#include <memory>

#include "base/random.hpp"
#include "ports/job_store.hpp"
#include "store/database.hpp"
#include "store/notifications.hpp"

namespace hatchery::store {

/// The job store on PostgreSQL. Everything it is given must outlive it. It hints after commits:
/// jobs that became claimable, bots with new events.
[[nodiscard]] std::unique_ptr<ports::JobStore> make_pg_job_store(Database& database,
                                                                 base::Random& random,
                                                                 Hints& hints);

}  // namespace hatchery::store
