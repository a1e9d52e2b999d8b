#pragma once

#include <cstddef>
#include <string>

#include "core/alarms.hpp"

namespace hatchery::core {

/// The alarms about providers. `provider` is its name.
[[nodiscard]] Alarm servers_vanished(const std::string& provider, std::size_t servers);
/// So many are missing that the project may be another one; nothing was done.
[[nodiscard]] Alarm project_looks_foreign(const std::string& provider, std::size_t missing,
                                          std::size_t alive);
[[nodiscard]] Alarm strays_kept(const std::string& provider, std::size_t strays);
[[nodiscard]] Alarm cloud_quota(const std::string& provider, const std::string& words);
/// `ceiling` and `would_be` are monthly sums with their currency.
[[nodiscard]] Alarm cost_ceiling(const std::string& provider, const std::string& ceiling,
                                 const std::string& would_be);

}  // namespace hatchery::core
