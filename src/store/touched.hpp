#pragma once

#include <initializer_list>
#include <string_view>

#include "base/result.hpp"
#include "store/database.hpp"

namespace hatchery::store {

/// Runs one statement by itself: whether it changed any row.
[[nodiscard]] inline base::Result<bool> touched(Database& database, std::string_view statement,
                                                std::initializer_list<Param> params) {
    return database.run([&](Sql& sql) -> base::Result<bool> {
        return sql.query(statement, params).affected() > 0;
    });
}

/// The same where it is all one whether there was such a row.
[[nodiscard]] inline base::Result<void> write(Database& database, std::string_view statement,
                                              std::initializer_list<Param> params) {
    const auto done = touched(database, statement, params);
    if (!done) return base::fail(done.error());
    return {};
}

}  // namespace hatchery::store
