#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "base/steady_time.hpp"
#include "engine/engine_ports.hpp"
#include "engine/engine_settings.hpp"

namespace hatchery::engine {

/// Looks from time to time for machines that bear this installation's label and belong to no row,
/// in every provider project: a create that was sent by a worker which had lost its lease long ago
/// makes such a one. Beyond a grace period they are destroyed, or only reported. Run by the leader
/// of the reaper; losing that leadership is harmless.
class Reconciler {
public:
    Reconciler(const EnginePorts& ports, const EngineSettings& settings)
        : ports_(ports), settings_(settings) {}
    /// One look, if it is time to.
    void tick(const std::stop_token& stop);

private:
    void look(const std::string& provider, providers::CloudProvider& cloud,
              const std::stop_token& stop);
    void end(const std::string& provider, providers::CloudProvider& cloud, const std::string& id,
             const std::stop_token& stop);

    const EnginePorts& ports_;
    const EngineSettings& settings_;
    std::optional<base::SteadyTime> last_look_;
    /// Since when a machine has been seen without a row, by provider and its id there.
    std::map<std::pair<std::string, std::string>, base::SteadyTime> since_;
};

}  // namespace hatchery::engine
