#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/front/event_stream.hpp"
#include "api/stream_seats.hpp"
#include "base/ids.hpp"
#include "store/event_repository.hpp"
#include "store/notifications.hpp"

namespace hatchery::api {

/// Feeds event streams and wakes parked requests when a bot's story goes on. One thread for all:
/// a stream is a cursor into the bot's numbered events, read on from the database whenever a hint
/// or a poll says so, so there is no seam between history and live and a slow reader is simply
/// further behind. Thread-safe.
class EventHub {
public:
    struct Options {
        /// Between polls while hints arrive, and while they do not.
        std::chrono::milliseconds poll{10'000};
        std::chrono::milliseconds poll_without_hints{1'000};
        /// A stream ends after this and its reader comes back with Last-Event-ID, so that a token
        /// that was revoked does not listen for ever where no hint tells of it.
        std::chrono::milliseconds stream_lifetime{10 * 60 * 1000};
        int page = 200;
        StreamLimits limits;
        StreamLimits waits;
    };

    /// What a stream begins with.
    struct Opening {
        base::BotId bot;
        /// It has the events after this number.
        std::int64_t after = 0;
        std::shared_ptr<StreamSeats::Seat> seat;
        /// It ends after this, if that is set and shorter than the usual lifetime.
        std::optional<std::chrono::milliseconds> at_most;
        /// By whose rights it reads: it ends when those of one of them change.
        std::vector<std::string> users;
        /// Before these rights were looked at.
        std::chrono::steady_clock::time_point asked_at;
    };

    EventHub(store::EventRepository& events, store::Notifications& notifications, Options options);
    /// Ends all streams.
    ~EventHub();
    EventHub(const EventHub&) = delete;
    EventHub& operator=(const EventHub&) = delete;

    /// A stream for one who has a seat. A stream that ends has its reader come back, who is then
    /// asked anew who it is.
    [[nodiscard]] std::shared_ptr<front::EventStream> open(Opening opening);
    [[nodiscard]] StreamSeats& seats() { return seats_; }
    /// Of requests that wait_on.
    [[nodiscard]] StreamSeats& waits() { return waits_; }

    /// Take it before reading what wake_on is to watch.
    [[nodiscard]] std::uint64_t version() const;
    /// Calls `wake` once: when the bot changes, now and then without a reason, at the deadline, or
    /// at once when the bot has changed since `seen`.
    void wake_on(const base::BotId& bot, std::chrono::steady_clock::time_point deadline,
                 std::uint64_t seen, std::function<void()> wake);

    [[nodiscard]] std::size_t streams() const { return seats_.taken(); }

private:
    class Core;
    const Options options_;
    StreamSeats seats_;
    StreamSeats waits_;
    std::shared_ptr<Core> core_;
    std::unique_ptr<store::Notifications::Subscription> events_subscription_;
    std::unique_ptr<store::Notifications::Subscription> access_subscription_;
};

}  // namespace hatchery::api
