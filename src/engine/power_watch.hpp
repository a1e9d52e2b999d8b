#pragma once

#include <map>
#include <string>

#include "base/steady_time.hpp"
#include "core/server.hpp"
#include "engine/engine_ports.hpp"

namespace hatchery::engine {

/// Switches servers in use on that are off, and notices those that do not stay on: a machine that
/// the provider has locked, or whose system ends by itself, is switched on three times; then the
/// alarm `server_stays_off` stands until it was on for an hour, or is no longer ours. Of one
/// provider; not thread-safe.
class PowerWatch {
public:
    PowerWatch(const EnginePorts& ports, std::string provider)
        : ports_(ports), provider_(std::move(provider)) {}

    /// What was done about a server that is off: `switched_on`, `gave_up`, or the error.
    [[nodiscard]] base::Result<std::string> switch_on(const core::Server& server,
                                                      const std::stop_token& stop);
    /// Ends a round: forgets those that have been on for long, and raises or clears the alarm.
    void end_round();

private:
    struct Tries {
        int made = 0;
        base::SteadyTime last_off;
    };
    void tell(const core::Server& server, const std::string& message) const;

    const EnginePorts& ports_;
    const std::string provider_;
    std::map<base::ServerId, Tries> tries_;
};

}  // namespace hatchery::engine
