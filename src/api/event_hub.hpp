#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

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
        /// that was revoked does not listen for ever.
        std::chrono::milliseconds stream_lifetime{10 * 60 * 1000};
        int page = 200;
        StreamLimits limits;
    };

    EventHub(store::EventRepository& events, store::Notifications& notifications, Options options);
    /// Ends all streams.
    ~EventHub();
    EventHub(const EventHub&) = delete;
    EventHub& operator=(const EventHub&) = delete;

    /// A stream of the bot's events after number `after`, for one who has a seat. It ends after
    /// `at_most`, if that is set and shorter than the usual lifetime.
    [[nodiscard]] std::shared_ptr<front::EventStream> open(
        const base::BotId& bot, std::int64_t after, std::shared_ptr<StreamSeats::Seat> seat,
        std::optional<std::chrono::milliseconds> at_most);
    [[nodiscard]] StreamSeats& seats() { return seats_; }

    /// Take it before reading what wake_on is to watch.
    [[nodiscard]] std::uint64_t version() const;
    /// Calls `wake` once: when the bot changes, now and then without a reason, at the deadline, or
    /// at once when something has changed since `seen`.
    void wake_on(const base::BotId& bot, std::chrono::steady_clock::time_point deadline,
                 std::uint64_t seen, std::function<void()> wake);

    [[nodiscard]] std::size_t streams() const { return seats_.taken(); }

private:
    class Core;
    const Options options_;
    StreamSeats seats_;
    std::shared_ptr<Core> core_;
    std::unique_ptr<store::Notifications::Subscription> subscription_;
};

}  // namespace hatchery::api
