#include "core/reconcile.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "core/ownership.hpp"

namespace hatchery::core {

std::vector<ListedMachine> strays(std::span<const ListedMachine> listed,
                                  const base::InstallationId& installation,
                                  std::span<const Server> alive) {
    std::map<std::string, const Server*> rows;
    for (const auto& server : alive) rows[server.id.text()] = &server;
    std::vector<ListedMachine> found;
    for (const auto& machine : listed) {
        const auto owner = machine.labels.find(label_installation);
        if (owner == machine.labels.end() || owner->second != installation.text()) continue;
        const auto label = machine.labels.find(label_server);
        const auto row = label == machine.labels.end() ? rows.end() : rows.find(label->second);
        const bool known =
            row != rows.end() && (row->second->provider_server_id.empty() ||
                                  row->second->provider_server_id == machine.provider_server_id);
        if (!known) found.push_back(machine);
    }
    return found;
}

namespace {

/// More than a few, and more than a quarter of all.
bool too_many(std::size_t some, std::size_t all) {
    constexpr std::size_t few = 3;
    return some > few && some * 4 > all;
}

const ListedMachine* listed_as(std::span<const ListedMachine> listed, const Server& server) {
    const auto found =
        std::ranges::find(listed, server.provider_server_id, &ListedMachine::provider_server_id);
    return found == listed.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Server> missing(std::span<const ListedMachine> listed,
                            std::span<const Server> alive_before) {
    std::set<std::string_view> ids;
    for (const auto& machine : listed) ids.insert(machine.provider_server_id);
    std::vector<Server> found;
    for (const auto& server : alive_before) {
        const bool in_use =
            server.state == ServerState::booting || server.state == ServerState::ready;
        const bool known = in_use && !server.provider_server_id.empty();
        if (known && !ids.contains(server.provider_server_id)) found.push_back(server);
    }
    return found;
}

bool is_our_project(const ProjectSigns& signs) {
    if (signs.missing == 0) return true;
    if (too_many(signs.missing, signs.known)) return false;
    if (signs.mark.empty()) return signs.missing < signs.known || !signs.shown.empty();
    return std::ranges::find(signs.shown, signs.mark) != signs.shown.end();
}

std::optional<std::string> new_mark(const ProjectSigns& signs) {
    if (signs.missing > 0 || signs.shown.empty()) return std::nullopt;
    if (std::ranges::find(signs.shown, signs.mark) != signs.shown.end()) return std::nullopt;
    return signs.shown.front();
}

bool too_many_strays(std::size_t strangers, std::size_t listed) {
    return too_many(strangers, listed);
}

std::vector<Server> switched_off(std::span<const ListedMachine> listed,
                                 std::span<const Server> alive) {
    std::vector<Server> found;
    for (const auto& server : alive) {
        if (server.state != ServerState::ready) continue;
        const auto* machine = listed_as(listed, server);
        if (machine != nullptr && machine->is_off) found.push_back(server);
    }
    return found;
}

bool is_left_over(const std::map<std::string, std::string>& labels,
                  const base::InstallationId& installation, std::span<const Server> alive) {
    const auto owner = labels.find(label_installation);
    const auto server = labels.find(label_server);
    if (owner == labels.end() || owner->second != installation.text()) return false;
    if (server == labels.end()) return false;
    return std::ranges::none_of(alive,
                                [&](const Server& row) { return row.id.text() == server->second; });
}

}  // namespace hatchery::core
