#pragma once

#include <memory>

#include "ports/machine_allocations.hpp"
#include "store/database.hpp"

namespace hatchery::store {

[[nodiscard]] std::unique_ptr<ports::MachineAllocations> make_pg_machine_allocations(
    Database& database);

}  // namespace hatchery::store
