#pragma once

#include <map>
#include <optional>
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

/// What speaks for a project being the one that has this installation's servers.
struct ProjectSigns {
    /// The firewall of the installation that was last seen there with all of its servers; empty
    /// when none was. Its name proves nothing: it is made anew in whatever project a server is
    /// asked for.
    std::string mark;
    /// The ids of the installation's firewalls that the project shows now.
    std::vector<std::string> shown;
    /// Of the rows that know their machine: how many the project does not list, of how many.
    std::size_t missing = 0;
    std::size_t known = 0;
};

/// Whether it can be believed that what is missing there is gone. The token of another project
/// shows none of the servers, and somebody who deletes servers by hand deletes some: so a project
/// from which any are missing must show the mark, or where none was kept some of the
/// others or a firewall of ours, and never lack more than a few which are more than a quarter of
/// all. Pure.
[[nodiscard]] bool is_our_project(const ProjectSigns& signs);

/// The mark to be kept from now on, if it is another one. A project that has every server we know
/// of is ours, whatever became of its firewall. Pure.
[[nodiscard]] std::optional<std::string> new_mark(const ProjectSigns& signs);

/// Whether machines of servers that the database has never heard of are too many to be destroyed
/// unasked: one that was restored or copied knows none of what was made since. What a create
/// without an answer made late has a row, be it an ended one, and does not count. Pure.
[[nodiscard]] bool too_many_strays(std::size_t strangers, std::size_t listed);

/// The servers in use that are switched off. Pure.
[[nodiscard]] std::vector<Server> switched_off(std::span<const ListedMachine> listed,
                                               std::span<const Server> alive);

/// Whether something that bears our installation's label belongs to a server which is not alive any
/// more. What names no server is of the whole installation. Pure.
[[nodiscard]] bool is_left_over(const std::map<std::string, std::string>& labels,
                                const base::InstallationId& installation,
                                std::span<const Server> alive);

}  // namespace hatchery::core
