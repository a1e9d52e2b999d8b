#include "core/reconcile.hpp"

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

}  // namespace hatchery::core
