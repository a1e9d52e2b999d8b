#pragma once

#include <optional>

#include "base/clock.hpp"

namespace hatchery::core {

/// How a pool follows its queue. A pool's workers are the threads of one process, or the processes
/// of an installation: the rule is the same.
struct PoolPolicy {
    /// Due jobs that one worker is meant to have before it.
    int jobs_per_worker = 5;
    int min_workers = 1;
    int max_workers = 50;
    /// How long more workers must have been wanted before there are more.
    base::Milliseconds out_after{60'000};
    /// How long fewer workers must have been enough before there are fewer.
    base::Milliseconds in_after{300'000};
    /// A longer silence between two samples says nothing about the time between them.
    base::Milliseconds longest_gap{30'000};
};

/// What the queue looks like at one moment.
struct PoolSample {
    base::TimePoint at;
    /// Jobs that are due and that nobody runs.
    int pending = 0;
    /// Workers that what runs at the moment keeps busy: they are not taken away.
    int busy_workers = 0;
};

/// What pool_size must remember from one sample to the next. Without it, or at a new leader, a
/// change comes later and nothing else is lost.
struct PoolMemory {
    /// The size that was decided last; zero before the first sample.
    int workers = 0;
    std::optional<base::TimePoint> last_at;
    /// Since when more are wanted, and the fewest that were wanted since then.
    std::optional<base::TimePoint> above_since;
    int least_above = 0;
    /// Since when fewer are enough, and the most that were wanted since then.
    std::optional<base::TimePoint> below_since;
    int most_below = 0;
};

/// The size that this sample alone asks for, without floor and ceiling.
[[nodiscard]] int wanted_workers(const PoolPolicy& policy, const PoolSample& sample);

/// The memory after this sample; its `workers` is the size that the pool should have now. Grows to
/// what was wanted at every moment of `out_after`, shrinks to what was enough at every moment of
/// `in_after`: a burst or a gap that is shorter moves nothing. Pure.
[[nodiscard]] PoolMemory pool_size(const PoolPolicy& policy, const PoolMemory& memory,
                                   const PoolSample& sample);

}  // namespace hatchery::core
