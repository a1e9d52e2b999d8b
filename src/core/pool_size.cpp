#include "core/pool_size.hpp"

#include <algorithm>

namespace hatchery::core {

namespace {

int clamped(const PoolPolicy& policy, int workers) {
    const int floor = std::max(0, policy.min_workers);
    return std::clamp(workers, floor, std::max(floor, policy.max_workers));
}

/// Whether what is remembered still tells of the time right before this sample.
bool continues(const PoolPolicy& policy, const PoolMemory& memory, base::TimePoint at) {
    return memory.last_at && at >= *memory.last_at && at - *memory.last_at <= policy.longest_gap;
}

void forget_streaks(PoolMemory& memory) {
    memory.above_since.reset();
    memory.below_since.reset();
}

void wants_more(const PoolPolicy& policy, PoolMemory& memory, int wanted, base::TimePoint at) {
    memory.below_since.reset();
    memory.least_above = memory.above_since ? std::min(memory.least_above, wanted) : wanted;
    if (!memory.above_since) memory.above_since = at;
    if (at - *memory.above_since < policy.out_after) return;
    memory.workers = memory.least_above;
    forget_streaks(memory);
}

void needs_fewer(const PoolPolicy& policy, PoolMemory& memory, int wanted, base::TimePoint at) {
    memory.above_since.reset();
    memory.most_below = memory.below_since ? std::max(memory.most_below, wanted) : wanted;
    if (!memory.below_since) memory.below_since = at;
    if (at - *memory.below_since < policy.in_after) return;
    memory.workers = memory.most_below;
    forget_streaks(memory);
}

}  // namespace

int wanted_workers(const PoolPolicy& policy, const PoolSample& sample) {
    const int per_worker = std::max(1, policy.jobs_per_worker);
    const int for_queue = (std::max(0, sample.pending) + per_worker - 1) / per_worker;
    return std::max(for_queue, sample.busy_workers);
}

PoolMemory pool_size(const PoolPolicy& policy, const PoolMemory& memory, const PoolSample& sample) {
    PoolMemory next = memory;
    if (!continues(policy, memory, sample.at)) forget_streaks(next);
    next.last_at = sample.at;
    next.workers = clamped(policy, next.workers);
    const int wanted = clamped(policy, wanted_workers(policy, sample));
    if (wanted > next.workers) {
        wants_more(policy, next, wanted, sample.at);
    } else if (wanted < next.workers) {
        needs_fewer(policy, next, wanted, sample.at);
    } else {
        forget_streaks(next);
    }
    return next;
}

}  // namespace hatchery::core
