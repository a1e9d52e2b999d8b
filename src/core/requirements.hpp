#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace hatchery::core {

/// What a job requires of its worker, and what a worker offers: flat JSON objects by name.
///
/// A requirement is met by
/// - a text, number or boolean: when the capability equals it, or is a list that holds it;
/// - a list of those: when one of them meets;
/// - `{"min": n}`: when the capability is a number of at least n.
///
/// The SQL function requirements_met says the same; the contract suite holds them together.

/// `invalid` with the first wrong member's name in `code` when this is no such object.
[[nodiscard]] base::Result<void> check_requirements(const base::Json& requirements);
/// A capability is a text, number, boolean, or a list of those. `invalid` as above.
[[nodiscard]] base::Result<void> check_capabilities(const base::Json& capabilities);

[[nodiscard]] bool requirements_met(const base::Json& requirements, const base::Json& capabilities);
/// The names of the requirements that these capabilities do not meet.
[[nodiscard]] std::vector<std::string> unmet_requirements(const base::Json& requirements,
                                                          const base::Json& capabilities);

}  // namespace hatchery::core
