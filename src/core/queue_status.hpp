#pragma once

#include <chrono>
#include <optional>

#include "base/clock.hpp"

namespace hatchery::core {

/// The queue and its workers at one moment, counted by one process for all of them.
struct QueueStatus {
    bool operator==(const QueueStatus&) const = default;
    base::TimePoint at;
    /// Jobs that could be claimed now.
    int due = 0;
    /// Jobs that wait for their time or a signal.
    int waiting = 0;
    /// Jobs that a worker holds.
    int running = 0;
    /// Jobs that no live worker can run; they count as neither due nor waiting.
    int blocked = 0;
    /// Since when the oldest due job could have been claimed.
    std::optional<base::TimePoint> oldest_due_at;
    /// Live processes that take jobs: with slots, not draining.
    int workers = 0;
    int slots = 0;
    /// The slots that these processes may grow to.
    int max_slots = 0;
    int busy = 0;
    /// Age of the oldest open transaction in the database; zero when there is none.
    std::chrono::seconds oldest_transaction{0};
    /// Processes that the queue should have; see core/pool_size.hpp.
    int desired_workers = 0;
};

/// How long the oldest due job has been waiting for a worker.
[[nodiscard]] inline std::chrono::seconds oldest_age(const QueueStatus& status) {
    if (!status.oldest_due_at || status.at <= *status.oldest_due_at) {
        return std::chrono::seconds{0};
    }
    return std::chrono::floor<std::chrono::seconds>(status.at - *status.oldest_due_at);
}

}  // namespace hatchery::core
