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
    bool is_off = false;
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

/// The servers that should be there and are not listed: their rows knew their machine before the
/// list was asked for. Pure.
[[nodiscard]] std::vector<Server> missing(std::span<const ListedMachine> listed,
                                          std::span<const Server> alive_before);

/// Whether so many missing servers cannot be believed: somebody who deletes servers by hand deletes
/// some, but the token of another project shows none of them.
[[nodiscard]] bool too_many_missing(std::size_t missing, std::size_t alive);

/// The servers in use that are switched off. Pure.
[[nodiscard]] std::vector<Server> switched_off(std::span<const ListedMachine> listed,
                                               std::span<const Server> alive);

/// Whether something that bears our installation's label belongs to a server which is not alive any
/// more. What names no server is of the whole installation. Pure.
[[nodiscard]] bool is_left_over(const std::map<std::string, std::string>& labels,
                                const base::InstallationId& installation,
                                std::span<const Server> alive);

}  // namespace hatchery::core
