#pragma once

#include "engine/engine_ports.hpp"

namespace hatchery::engine {

/// Looks after the alarms about providers that no sweep of one provider can judge: servers at a
/// provider that is not configured any more, and refusals that nobody has met for an hour. Asks no
/// provider. One leader; losing that leadership is harmless.
class CloudAlarmWatch {
public:
    explicit CloudAlarmWatch(const EnginePorts& ports) : ports_(ports) {}
    void tick();

private:
    void judge_unconfigured();
    void clear_old();
    void clear_unseen(core::AlarmKind kind, base::TimePoint seen_before);

    const EnginePorts& ports_;
};

}  // namespace hatchery::engine
