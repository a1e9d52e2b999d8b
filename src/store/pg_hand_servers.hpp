#pragma once

#include <memory>

#include "ports/hand_servers.hpp"
#include "store/database.hpp"

namespace hatchery::store {

[[nodiscard]] std::unique_ptr<ports::HandServers> make_pg_hand_servers(Database& database);

}  // namespace hatchery::store
