#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "base/steady_time.hpp"
#include "engine/engine_ports.hpp"

namespace hatchery::engine {

/// Looks after servers by hand at one provider: finds the machine of a create whose answer was
/// lost, sees when one runs, and deletes what is to be deleted, for as long as it takes: gone is
/// what the provider no longer lists. It creates nothing. Run by the leader of the reaper; losing
/// that leadership is harmless.
class HandServerWatch {
public:
    HandServerWatch(const EnginePorts& ports, std::string provider)
        : ports_(ports), provider_(std::move(provider)) {}
    /// One look at those whose time has come.
    void tick(const std::stop_token& stop);

private:
    void look(const core::Server& server, const std::stop_token& stop);
    void found(const core::Server& server, const providers::CloudServer& machine,
               providers::CloudProvider& cloud, const std::stop_token& stop);
    void not_found(const core::Server& server);

    const EnginePorts& ports_;
    const std::string provider_;
    std::map<base::ServerId, base::SteadyTime> next_look_;
    /// Since when the machine of a create without an answer has been looked for in vain.
    std::map<base::ServerId, base::SteadyTime> missing_since_;
};

}  // namespace hatchery::engine
