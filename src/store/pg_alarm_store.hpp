#pragma once

#include <memory>

#include "base/random.hpp"
#include "ports/alarm_store.hpp"
#include "store/database.hpp"

namespace hatchery::store {

[[nodiscard]] std::unique_ptr<ports::AlarmStore> make_pg_alarm_store(Database& database,
                                                                     base::Random& random);

}  // namespace hatchery::store
