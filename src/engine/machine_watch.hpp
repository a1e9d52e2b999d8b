#pragma once

#include "engine/upkeep_settings.hpp"

namespace hatchery::engine {

/// How long a wipe may take before the operator is told.
inline constexpr base::Milliseconds wipe_patience{300'000};

/// Raises the alarm while one of the operator's own machines was given back and is not wiped, and
/// clears it: a wipe is tried for ever, and nobody would notice that it never succeeds. The caller
/// holds the leadership and calls tick().
class MachineWatch {
public:
    explicit MachineWatch(const UpkeepPorts& ports) : ports_(ports) {}
    /// One look. Blocks for the database only.
    void tick();

private:
    const UpkeepPorts& ports_;
};

}  // namespace hatchery::engine
