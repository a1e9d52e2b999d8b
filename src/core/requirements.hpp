#pragma once

#include <cstddef>
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

/// What requirements may be at most: every claim of every process compares them with what its
/// worker offers, so one customer's must not cost the others their turn.
inline constexpr std::size_t max_requirements = 16;
inline constexpr std::size_t max_requirement_choices = 32;
/// Of a name.
inline constexpr std::size_t max_requirement_name_bytes = 64;
/// Of the whole object, written without blanks.
inline constexpr std::size_t max_requirements_bytes = 2048;

/// `invalid` when this is no such object, is larger than the limits above, or holds a NUL
/// character, which PostgreSQL's jsonb cannot. The first wrong member's name is in `code`; where it
/// is the whole that is wrong, or a name, `code` is empty.
[[nodiscard]] base::Result<void> check_requirements(const base::Json& requirements);
/// A capability is a text, number, boolean, or a list of those. `invalid` as above.
[[nodiscard]] base::Result<void> check_capabilities(const base::Json& capabilities);

[[nodiscard]] bool requirements_met(const base::Json& requirements, const base::Json& capabilities);
/// The names of the requirements that these capabilities do not meet.
[[nodiscard]] std::vector<std::string> unmet_requirements(const base::Json& requirements,
                                                          const base::Json& capabilities);

}  // namespace hatchery::core
