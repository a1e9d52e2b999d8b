#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "base/steady_time.hpp"
#include "engine/engine_ports.hpp"
#include "engine/engine_settings.hpp"

namespace hatchery::engine {

/// Deletes servers that should be gone but whose operation has ended without proof, for as long as
/// it takes: what is billed is never given up. Of one provider, so that none waits for another. One
/// leader; losing the leadership is harmless.
class Reaper {
public:
    Reaper(const EnginePorts& ports, std::string provider)
        : ports_(ports), provider_(std::move(provider)) {}
    /// One round over all servers left behind.
    void tick(const std::stop_token& stop);

private:
    /// Whether the provider answers and takes requests: otherwise the rest of its round waits.
    [[nodiscard]] bool reap(const core::Server& server, const std::stop_token& stop);
    [[nodiscard]] bool end(const core::Server& server, const providers::CloudServer& found,
                           const std::stop_token& stop);
    void not_found(const core::Server& server);

    const EnginePorts& ports_;
    const std::string provider_;
    /// Since when the machine of a create without an answer has been looked for in vain.
    std::map<base::ServerId, base::SteadyTime> missing_since_;
};

}  // namespace hatchery::engine
