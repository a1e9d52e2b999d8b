#pragma once

#include <map>
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
    void tick(const std::stop_token& stop);

private:
    void reap(const core::Server& server, const std::stop_token& stop);
    void not_found(const core::Server& server);
    /// Whether no operation has begun on it since the round's list was read.
    [[nodiscard]] bool still_left_behind(const core::Server& server);

    const EnginePorts& ports_;
    /// Since when the machine of a create without an answer has been looked for in vain.
    std::map<base::ServerId, base::TimePoint> missing_since_;
};

}  // namespace hatchery::engine
