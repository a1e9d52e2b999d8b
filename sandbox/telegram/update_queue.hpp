#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/json_value.hpp"

namespace hatchery::sandbox::telegram {

/// One update that its bot has not taken yet.
struct QueuedUpdate {
    std::int64_t update_id = 0;
    std::int64_t chat_id = 0;
    base::Json body;  ///< The whole update, update_id included.
    base::TimePoint queued_at;
    int failures = 0;
    base::TimePoint next_try;
    bool in_flight = false;
};

/// The updates of one bot that wait to be delivered or fetched, and the decision which may go out
/// now. Updates of one chat go one after another; different chats go side by side. An update lives
/// for 24 hours. Not thread-safe.
class UpdateQueue {
public:
    static constexpr std::chrono::hours lifetime{24};
    static constexpr std::chrono::seconds longest_retry_after{3600};
    /// The oldest update is dropped when one more comes.
    static constexpr std::size_t max_updates = 100'000;

    void push(std::int64_t update_id, std::int64_t chat_id, base::Json body, base::TimePoint now);

    /// Drops what is older than its lifetime.
    void expire(base::TimePoint now);
    [[nodiscard]] std::size_t size() const { return updates_.size(); }

    /// Marks the updates that may be sent now as in flight and returns copies of them, at most so
    /// many that `max_connections` are in flight.
    [[nodiscard]] std::vector<QueuedUpdate> take_due(base::TimePoint now, int max_connections);
    /// When the next update may be sent; nothing when only a change can bring one: there is none,
    /// or so many are in flight as may be.
    [[nodiscard]] std::optional<base::TimePoint> next_due(int max_connections) const;

    void delivered(std::int64_t update_id);
    /// The first retry comes at once, then after 1 s, 2 s, 4 s … 60 s, or after `retry_after`.
    void failed(std::int64_t update_id, base::TimePoint now,
                std::optional<std::chrono::seconds> retry_after);
    /// The webhook changed: everything may be tried at once.
    void retry_all(base::TimePoint now);
    void clear();

    /// Forgets the updates below `offset`, as a poller asks.
    void confirm_before(std::int64_t offset);
    /// Forgets all but the newest `count`.
    void keep_newest(std::size_t count);
    /// The oldest updates, at most `limit`, as a JSON array.
    [[nodiscard]] base::Json oldest(std::size_t limit) const;

private:
    void erase(std::int64_t update_id);

    std::map<std::int64_t, QueuedUpdate> updates_;
    std::map<std::int64_t, std::deque<std::int64_t>> chats_;  // update ids of each chat in order
    int in_flight_ = 0;
};

/// How long to wait after the failure with this number, counted from 1.
[[nodiscard]] std::chrono::seconds webhook_retry_delay(int failures);

}  // namespace hatchery::sandbox::telegram
