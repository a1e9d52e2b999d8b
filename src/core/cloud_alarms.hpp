#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/alarms.hpp"

namespace hatchery::core {

/// The alarms about providers. `provider` is its name.
[[nodiscard]] Alarm servers_vanished(const std::string& provider, std::size_t servers);
/// The project may be another one, since servers are missing and it does not prove to be ours;
/// nothing was done.
[[nodiscard]] Alarm project_looks_foreign(const std::string& provider, std::size_t missing,
                                          std::size_t alive);
/// The provider knows a server of ours no more, and the project does not prove to be ours.
[[nodiscard]] Alarm project_unproven(const std::string& provider);
/// Servers in use were switched on in vain.
[[nodiscard]] Alarm servers_stay_off(const std::string& provider, std::size_t servers);
[[nodiscard]] Alarm strays_kept(const std::string& provider, std::size_t strays);
/// There are so many that they are not destroyed unasked.
[[nodiscard]] Alarm too_many_strays_kept(const std::string& provider, std::size_t strays,
                                         std::size_t listed);
[[nodiscard]] Alarm cloud_quota(const std::string& provider, const std::string& words);
/// Servers are billed by a provider that this process has no token of.
[[nodiscard]] Alarm provider_missing(const std::string& provider, std::int64_t servers);
/// What alarms about the operator's own machines are about: their provider.
inline constexpr const char* own_machines = "static";
/// `machine` is one of the operator's own, `server` what it is called in the inventory, `others`
/// how many more are the same; `trouble` says why, and is empty when nobody has tried.
[[nodiscard]] Alarm machine_not_wiped(const std::string& machine, const std::string& server,
                                      const std::string& trouble, std::size_t others);
/// `ceiling` and `would_be` are monthly sums with their currency.
[[nodiscard]] Alarm cost_ceiling(const std::string& provider, const std::string& ceiling,
                                 const std::string& would_be);

}  // namespace hatchery::core
