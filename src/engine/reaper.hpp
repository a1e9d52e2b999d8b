#pragma once

#include <stop_token>

#include "engine/engine_ports.hpp"
#include "engine/engine_settings.hpp"

namespace hatchery::engine {

/// Deletes servers that should be gone but whose operation has ended without proof, for as long as
/// it takes: what is billed is never given up. One leader; losing the leadership is harmless.
class Reaper {
public:
    explicit Reaper(const EnginePorts& ports) : ports_(ports) {}
    /// One round over all servers left behind.
    void tick(std::stop_token stop);

private:
    void reap(const core::Server& server, std::stop_token stop);
    const EnginePorts& ports_;
};

}  // namespace hatchery::engine
