#pragma once

#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/pool_settings.hpp"

namespace hatchery::engine {

/// What one process does for the queue as a whole: counts it, decides how many processes it should
/// have, raises and clears alarms, and marks the jobs that nobody can run. The caller holds the
/// leadership and calls tick(). Losing it in mid-tick is harmless: every write stands for itself.
class QueueWatch {
public:
    QueueWatch(const PoolPorts& ports, const PoolSettings& settings);

    void tick(const std::stop_token& stop);
    /// Forgets what was remembered between ticks: somebody else led meanwhile.
    void begin_anew();
    /// The processes that were last decided; nothing before the first count.
    [[nodiscard]] std::optional<int> desired_workers() const { return desired_; }

private:
    void count();
    void watch_alarms(const core::QueueStatus& status);
    void match();
    void mark(const std::vector<ports::BlockedDemand>& blocked);
    void log_failure(std::string_view what, const base::Error& error);

    const PoolPorts& ports_;
    const PoolSettings& settings_;
    core::PoolMemory pool_;
    core::AlarmMemory alarms_;
    std::optional<int> desired_;
    /// Requirements that nobody met the last time: a worker that restarts is back by the next.
    std::set<std::string> unmet_;
    base::TimePoint next_count_;
    base::TimePoint next_match_;
};

}  // namespace hatchery::engine
