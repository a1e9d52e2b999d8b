#pragma once

#include <map>
#include <string>

#include "base/steady_time.hpp"
#include "core/server.hpp"
#include "engine/engine_ports.hpp"

namespace hatchery::engine {

/// Switches servers in use on that are off, and notices those that do not stay on: one that the
/// provider has locked, or whose system ends by itself, is switched on three times and then once an
/// hour, while the alarm `server_stays_off` stands; CloudAlarmWatch clears it an hour after the
/// last round that found one. Of one provider; not thread-safe.
class PowerWatch {
public:
    PowerWatch(const EnginePorts& ports, std::string provider)
        : ports_(ports), provider_(std::move(provider)) {}

    /// What was done about a server that is off: `switched_on`, `gave_up`, or the error.
    [[nodiscard]] base::Result<std::string> switch_on(const core::Server& server,
                                                      const std::stop_token& stop);
    /// Ends a round: forgets those that have been on for long, and raises the alarm if it must be.
    void end_round();

private:
    struct Tries {
        int made = 0;
        bool given_up = false;
        base::SteadyTime last_off;
        base::SteadyTime last_try;
    };
    void tell(const core::Server& server, const std::string& message) const;

    const EnginePorts& ports_;
    const std::string provider_;
    std::map<base::ServerId, Tries> tries_;
    /// In this round.
    std::size_t given_up_ = 0;
};

}  // namespace hatchery::engine
