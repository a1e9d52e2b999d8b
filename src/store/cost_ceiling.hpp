#pragma once

#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// One more server at a provider, and what all of its servers may cost a month together.
struct CeilingQuestion {
    std::string provider;
    /// Not counted twice when it has a row already.
    base::ServerId server;
    /// Decimal text.
    std::string price_monthly;
    double ceiling = 0;
};
struct CeilingAnswer {
    bool granted = false;
    /// What all that are billed, or may be, cost a month with this one: decimal text with two
    /// digits.
    std::string would_be;
};

/// Whether the server may be made; the one place where a ceiling is looked at. Within a
/// transaction, which holds the provider's lock from then on: until it ends nobody else gets an
/// answer, so that the next one counts what this one has written. `unavailable` with the code
/// `price_unknown` when the price is none. Throws SqlFailure.
[[nodiscard]] base::Result<CeilingAnswer> ask_ceiling(Sql& sql, const CeilingQuestion& question);

}  // namespace hatchery::store
