#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/queue_status.hpp"

namespace hatchery::ports {

/// Requirements that live jobs have, and whether a live worker meets them.
struct Demand {
    /// A JSON object as text.
    std::string requirements;
    bool met = false;
};

/// Why jobs with these requirements cannot be run.
struct BlockedDemand {
    std::string requirements;
    std::string reason;
};

/// The queue as a whole. Its calls read as many rows as there are live jobs, so one process makes
/// them for all. Thread-safe.
class QueueMonitor {
public:
    virtual ~QueueMonitor() = default;

    /// Counts. A worker is alive that was heard of since then. `desired_workers` is what was
    /// published last, unless that was long ago.
    [[nodiscard]] virtual base::Result<core::QueueStatus> count(base::TimePoint now,
                                                                base::TimePoint alive_since) = 0;
    /// Stores what was counted, for the heartbeats of all processes.
    [[nodiscard]] virtual base::Result<void> publish(const core::QueueStatus& status) = 0;

    /// The different requirements of the jobs that wait for a worker. Jobs without any are told
    /// only when one of them is due.
    [[nodiscard]] virtual base::Result<std::vector<Demand>> demands(
        base::TimePoint now, base::TimePoint alive_since) = 0;
    /// What the live workers that take jobs offer: JSON objects as text.
    [[nodiscard]] virtual base::Result<std::vector<std::string>> offers(
        base::TimePoint alive_since) = 0;
    /// Marks the jobs with these requirements, tells each bot once, and takes the mark from all
    /// other jobs. Answers how many were marked anew. Jobs that somebody works on at this moment
    /// are left for the next time.
    [[nodiscard]] virtual base::Result<int> mark_blocked(std::span<const BlockedDemand> blocked,
                                                         base::TimePoint now) = 0;
    /// Lets any worker take the blocked jobs of operations that were cancelled, are torn down or
    /// have passed their deadline, so that these end. Answers how many jobs.
    [[nodiscard]] virtual base::Result<int> release_ending(base::TimePoint now) = 0;
};

}  // namespace hatchery::ports
