#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "core/server.hpp"

namespace hatchery::core {

/// A machine as the provider lists it, as far as it must be known to say whose it is.
struct ListedMachine {
    std::string provider_server_id;
    std::string name;
    std::map<std::string, std::string> labels;
};

/// The machines that bear this installation's exact label and belong to no row of `alive`: nobody
/// knows that they are billed. `alive` must have been read after the list, since a row stands
/// before its machine does.
///
/// A row whose create has no answer yet owns any machine that bears its label; one that knows its
/// machine owns that one alone.
[[nodiscard]] std::vector<ListedMachine> strays(std::span<const ListedMachine> listed,
                                                const base::InstallationId& installation,
                                                std::span<const Server> alive);

}  // namespace hatchery::core
