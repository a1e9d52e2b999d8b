#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "ports/fleet_store.hpp"
#include "ports/secret_box.hpp"
#include "store/database.hpp"

namespace hatchery::store {

/// The fleet store on PostgreSQL. Everything it is given must outlive it. Leadership holds a
/// connection of its own outside the pool.
[[nodiscard]] std::unique_ptr<ports::FleetStore> make_pg_fleet_store(Database& database,
                                                                     ports::SecretBox& box,
                                                                     base::Clock& clock,
                                                                     base::Random& random);

}  // namespace hatchery::store
