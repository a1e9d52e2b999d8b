#pragma once

#include "store/sql.hpp"
#include "store/token_repository.hpp"

namespace hatchery::store {

/// A row that begins with a user's id, email, role, created_at and name.
[[nodiscard]] inline User read_user(const Rows::Row& row) {
    return {.id = row.id<base::UserId>(0),
            .email = row.text(1),
            .role = row.enumerator<UserRole>(2),
            .created_at = row.time(3),
            .name = row.text(4)};
}

}  // namespace hatchery::store
