#pragma once

#include "ports/job_store.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// Whether the lease on the job stands, which it then does until the transaction ends: a share lock
/// keeps rescues and other workers' claims out. Throws SqlFailure.
[[nodiscard]] inline bool holds(Sql& sql, const ports::Lease& lease) {
    constexpr std::string_view statement =
        "SELECT bot_id FROM jobs WHERE operation_id = $1 AND lease_token = $2 FOR SHARE";
    return !sql.query(statement, {lease.operation_id, lease.token}).empty();
}

}  // namespace hatchery::store
