#pragma once

#include <span>
#include <string>

#include "base/json.hpp"

namespace hatchery::core {

/// Why none of these workers can run a job with these requirements, as one sentence: `No worker
/// has region nbg1; workers offer: fsn1, hel1.` Empty when one of them can. Pure.
[[nodiscard]] std::string blocked_reason(const base::Json& requirements,
                                         std::span<const base::Json> capabilities);

}  // namespace hatchery::core
