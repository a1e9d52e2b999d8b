#pragma once

#include <memory>

#include "engine/upkeep_settings.hpp"

namespace hatchery::engine {

/// What goes on slowly, in one process at a time: subscriptions that end, history that is older
/// than it is kept for, and the operator's own machines that are not wiped.
class Upkeep {
public:
    virtual ~Upkeep() = default;
    /// Starts its thread and returns.
    virtual void start() = 0;
    /// Asks the thread to end and returns at once; stop() waits for that.
    virtual void request_stop() = 0;
    /// Ends the thread, and lets another process lead. Blocks until the database has answered what
    /// is asked at the moment, or has failed to.
    virtual void stop() = 0;
};

/// `ports` and `settings` are copied; what they refer to outlives it.
[[nodiscard]] std::unique_ptr<Upkeep> make_upkeep(const UpkeepPorts& ports,
                                                  UpkeepSettings settings);

}  // namespace hatchery::engine
