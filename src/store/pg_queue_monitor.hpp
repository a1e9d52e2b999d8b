#pragma once

#include <memory>

#include "ports/queue_monitor.hpp"
#include "store/database.hpp"
#include "store/notifications.hpp"

namespace hatchery::store {

[[nodiscard]] std::unique_ptr<ports::QueueMonitor> make_pg_queue_monitor(Database& database,
                                                                         Hints& hints);

}  // namespace hatchery::store
