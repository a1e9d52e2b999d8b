#pragma once

#include <memory>

#include "ports/worker_registry.hpp"
#include "store/database.hpp"

namespace hatchery::store {

[[nodiscard]] std::unique_ptr<ports::WorkerRegistry> make_pg_worker_registry(Database& database);

}  // namespace hatchery::store
