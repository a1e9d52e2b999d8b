#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "core/job.hpp"

namespace hatchery::core {

/// How often and how patiently a step is tried again.
struct RetryPolicy {
    int max_failures = 8;
    int max_rescues = 20;
    base::Milliseconds first_delay{1'000};
    base::Milliseconds max_delay{60'000};
};

/// Whether the same call may succeed later without anybody changing anything. The one table.
[[nodiscard]] bool is_retryable(base::ErrorKind kind);

/// Delay before the next try: doubling from first_delay to max_delay, of which the upper half is
/// chosen by `jitter` in [0, 1), so that a crowd does not come back at once. A `retry_after` of
/// the other side is a floor.
[[nodiscard]] base::Milliseconds retry_delay(const RetryPolicy& policy, int failures,
                                             const base::Error& error, double jitter);

}  // namespace hatchery::core
