#include "api/event_hub.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api/views.hpp"
#include "base/log.hpp"

namespace hatchery::api {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// Together with a stream's soft limit well below its hard one.
constexpr std::size_t max_batch_bytes = 256U << 10U;

/// One open stream. `cursor` belongs to the hub's thread.
struct Reader {
    std::shared_ptr<front::EventStream> stream;
    std::int64_t cursor = 0;
    SteadyClock::time_point ends;
    std::shared_ptr<StreamSeats::Seat> seat;
    /// Whether there may be events that the stream has not got. Set before the stream is asked
    /// whether it wants more, so that a drain in between is not missed.
    std::atomic<bool> behind{true};
};

struct Waiter {
    SteadyClock::time_point deadline;
    std::function<void()> wake;
};

struct Watched {
    std::vector<std::shared_ptr<Reader>> readers;
    std::vector<Waiter> waiters;
};

/// Events rendered once for all readers at the same place.
struct Batch {
    std::string text;
    std::int64_t last = 0;
    bool more = false;
};

}  // namespace

class EventHub::Core : public std::enable_shared_from_this<EventHub::Core> {
public:
    Core(store::EventRepository& events, store::Notifications& notifications, Options options)
        : events_(events), notifications_(notifications), options_(options) {}

    void start() {
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }

    void stop() {
        thread_.request_stop();
        changed_.notify_all();
        if (thread_.joinable()) thread_.join();
        std::map<std::string, Watched> rest;
        {
            const std::lock_guard lock(mutex_);
            rest.swap(watched_);
        }
        for (auto& [bot, watched] : rest) {
            for (const auto& reader : watched.readers) reader->stream->finish();
            for (const auto& waiter : watched.waiters) waiter.wake();
        }
    }

    void hint(const std::vector<std::string>& bots) {
        const std::lock_guard lock(mutex_);
        ++version_;
        if (bots.empty()) all_due_ = true;
        for (const auto& bot : bots) {
            if (watched_.contains(bot)) due_.insert(bot);
        }
        changed_.notify_all();
    }

    void add(const std::string& bot, std::shared_ptr<Reader> reader) {
        reader->stream->on_change(
            [weak = weak_from_this(), bot, weak_reader = std::weak_ptr(reader)] {
                const auto self = weak.lock();
                const auto reader_now = weak_reader.lock();
                if (!self || !reader_now) return;
                if (reader_now->behind || reader_now->stream->closed()) self->due(bot);
            });
        const std::lock_guard lock(mutex_);
        ends_.emplace(reader->ends, bot);
        deadlines_changed_ = true;
        watched_[bot].readers.push_back(std::move(reader));
        due_.insert(bot);
        changed_.notify_all();
    }

    void add(const std::string& bot, Waiter waiter, std::uint64_t seen) {
        {
            const std::lock_guard lock(mutex_);
            if (seen == version_ && !thread_.get_stop_token().stop_requested()) {
                watched_[bot].waiters.push_back(std::move(waiter));
                deadlines_changed_ = true;
                changed_.notify_all();
                return;
            }
        }
        waiter.wake();
    }

    std::uint64_t version() const {
        const std::lock_guard lock(mutex_);
        return version_;
    }

private:
    void due(const std::string& bot) {
        const std::lock_guard lock(mutex_);
        due_.insert(bot);
        changed_.notify_all();
    }

    void run(const std::stop_token& stop) {
        auto next_poll = SteadyClock::now();
        while (!stop.stop_requested()) {
            std::set<std::string> bots;
            std::vector<std::function<void()>> wakes;
            {
                std::unique_lock lock(mutex_);
                changed_.wait_until(lock, stop, std::min(next_poll, first_deadline()), [&] {
                    return all_due_ || deadlines_changed_ || !due_.empty();
                });
                deadlines_changed_ = false;
                const auto now = SteadyClock::now();
                bots.swap(due_);
                while (!ends_.empty() && ends_.begin()->first <= now) {
                    bots.insert(ends_.begin()->second);
                    ends_.erase(ends_.begin());
                }
                if (all_due_ || now >= next_poll) {
                    for (const auto& [bot, watched] : watched_) bots.insert(bot);
                    all_due_ = false;
                    next_poll = now + (notifications_.listening() ? options_.poll
                                                                  : options_.poll_without_hints);
                }
                wakes = take_wakes(bots, now);
            }
            for (const auto& wake : wakes) wake();
            for (const auto& bot : bots) {
                if (stop.stop_requested()) return;
                feed(bot);
            }
        }
    }

    SteadyClock::time_point first_deadline() const {
        auto first = ends_.empty() ? SteadyClock::time_point::max() : ends_.begin()->first;
        for (const auto& [bot, watched] : watched_) {
            for (const auto& waiter : watched.waiters) first = std::min(first, waiter.deadline);
        }
        return first;
    }

    std::vector<std::function<void()>> take_wakes(const std::set<std::string>& bots,
                                                  SteadyClock::time_point now) {
        std::vector<std::function<void()>> wakes;
        for (auto entry = watched_.begin(); entry != watched_.end();) {
            auto& waiters = entry->second.waiters;
            const bool bot_due = bots.contains(entry->first);
            std::erase_if(waiters, [&](Waiter& waiter) {
                if (!bot_due && waiter.deadline > now) return false;
                wakes.push_back(std::move(waiter.wake));
                return true;
            });
            const bool unused = waiters.empty() && entry->second.readers.empty();
            entry = unused ? watched_.erase(entry) : std::next(entry);
        }
        return wakes;
    }

    void feed(const std::string& bot) {
        std::vector<std::shared_ptr<Reader>> readers;
        {
            const std::lock_guard lock(mutex_);
            const auto found = watched_.find(bot);
            if (found == watched_.end()) return;
            readers = found->second.readers;
        }
        const auto now = SteadyClock::now();
        std::map<std::int64_t, Batch> batches;
        for (const auto& reader : readers) {
            if (now >= reader->ends) reader->stream->finish();
            if (!feed(bot, *reader, batches)) break;
        }
        const std::lock_guard lock(mutex_);
        const auto found = watched_.find(bot);
        if (found == watched_.end()) return;
        std::erase_if(found->second.readers,
                      [](const auto& reader) { return reader->stream->closed(); });
    }

    /// False when the database does not answer: the next poll goes on.
    bool feed(const std::string& bot, Reader& reader, std::map<std::int64_t, Batch>& batches) {
        reader.behind = true;
        while (reader.stream->wants_more()) {
            auto batch = batches.find(reader.cursor);
            if (batch == batches.end()) {
                auto read = this->read(bot, reader.cursor);
                if (!read) return false;
                batch = batches.emplace(reader.cursor, std::move(*read)).first;
            }
            if (!batch->second.text.empty()) reader.stream->send(batch->second.text);
            reader.cursor = batch->second.last;
            if (!batch->second.more) {
                reader.behind = false;
                return true;
            }
        }
        return true;
    }

    std::optional<Batch> read(const std::string& bot, std::int64_t after) {
        auto events = events_.find({.bot = base::BotId(bot),
                                    .after = after,
                                    .limit = options_.page,
                                    .step = {},
                                    .level = {},
                                    .type = {},
                                    .text = {}});
        if (!events) {
            base::log_event(base::LogLevel::warning, "event_stream_read_failed",
                            {{"bot", bot}, {"why", events.error().message}});
            return std::nullopt;
        }
        Batch batch{.text = {}, .last = after};
        batch.more = static_cast<int>(events->size()) >= options_.page;
        for (const auto& event : *events) {
            if (batch.text.size() >= max_batch_bytes) {
                batch.more = true;
                break;
            }
            batch.text += event_stream_text(event);
            batch.last = event.seq;
        }
        return batch;
    }

    store::EventRepository& events_;
    store::Notifications& notifications_;
    const Options options_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, Watched> watched_;
    std::set<std::string> due_;
    /// When streams of which bot end; a stream that ended before leaves its entry behind.
    std::multimap<SteadyClock::time_point, std::string> ends_;
    bool all_due_ = false;
    /// One came whose deadline may be earlier than what the thread sleeps for.
    bool deadlines_changed_ = false;
    std::uint64_t version_ = 0;
    std::jthread thread_;
};

EventHub::EventHub(store::EventRepository& events, store::Notifications& notifications,
                   Options options)
    : options_(options),
      seats_(options.limits),
      core_(std::make_shared<Core>(events, notifications, options)) {
    core_->start();
    subscription_ = notifications.subscribe(
        store::Channel::events,
        [core = core_](const std::vector<std::string>& bots) { core->hint(bots); });
}

EventHub::~EventHub() {
    subscription_.reset();
    core_->stop();
}

std::shared_ptr<front::EventStream> EventHub::open(
    const base::BotId& bot, std::int64_t after, std::shared_ptr<StreamSeats::Seat> seat,
    std::optional<std::chrono::milliseconds> at_most) {
    auto reader = std::make_shared<Reader>();
    reader->stream = std::make_shared<front::EventStream>();
    reader->cursor = after;
    reader->seat = std::move(seat);
    const auto lifetime =
        std::min(at_most.value_or(options_.stream_lifetime), options_.stream_lifetime);
    reader->ends = SteadyClock::now() + lifetime;
    // Tells the reader at once that it is connected, and how soon to come back.
    reader->stream->send("retry: 2000\n\n");
    auto stream = reader->stream;
    core_->add(bot.text(), std::move(reader));
    return stream;
}

std::uint64_t EventHub::version() const { return core_->version(); }

void EventHub::wake_on(const base::BotId& bot, std::chrono::steady_clock::time_point deadline,
                       std::uint64_t seen, std::function<void()> wake) {
    core_->add(bot.text(), {.deadline = deadline, .wake = std::move(wake)}, seen);
}

}  // namespace hatchery::api
