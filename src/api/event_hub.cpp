#include "api/event_hub.hpp"

#include <algorithm>
#include <array>
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

/// Bots share this many counters of their changes: two of one counter only wake each other.
constexpr std::size_t change_counters = 4096;

/// One open stream. `cursor` belongs to the hub's thread.
struct Reader {
    std::shared_ptr<front::EventStream> stream;
    std::int64_t cursor = 0;
    SteadyClock::time_point ends;
    std::shared_ptr<StreamSeats::Seat> seat;
    std::vector<std::string> users;
    /// Whether there may be events that the stream has not got. Set before the stream is asked
    /// whether it wants more, so that a drain in between is not missed.
    std::atomic<bool> behind{true};

    /// Whether it reads by the rights of one of these; an empty list stands for everybody.
    [[nodiscard]] bool is_of(const std::vector<std::string>& changed) const {
        return changed.empty() || std::ranges::find_first_of(users, changed) != users.end();
    }
};

struct Waiter {
    SteadyClock::time_point deadline;
    std::function<void()> wake;
};

struct Watched {
    std::vector<std::shared_ptr<Reader>> readers;
    /// By a number of their own.
    std::map<std::uint64_t, Waiter> waiters;

    [[nodiscard]] bool unused() const { return readers.empty() && waiters.empty(); }
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
            deadlines_.clear();
        }
        for (auto& [bot, watched] : rest) {
            for (const auto& reader : watched.readers) reader->stream->finish();
            for (const auto& [number, waiter] : watched.waiters) waiter.wake();
        }
    }

    void hint(const std::vector<std::string>& bots) {
        const std::lock_guard lock(mutex_);
        ++version_;
        if (bots.empty()) {
            all_due_ = true;
            all_changed_at_ = version_;
        }
        for (const auto& bot : bots) {
            changed_at(bot) = version_;
            if (watched_.contains(bot)) due_.insert(bot);
        }
        changed_.notify_all();
    }

    /// Ends the streams of these users; an empty list stands for everybody.
    void access_changed(const std::vector<std::string>& users) {
        std::vector<std::shared_ptr<Reader>> ended;
        {
            const std::lock_guard lock(mutex_);
            access_changed_at_ = SteadyClock::now();
            for (const auto& [bot, watched] : watched_) {
                for (const auto& reader : watched.readers) {
                    if (reader->is_of(users)) ended.push_back(reader);
                }
            }
        }
        for (const auto& reader : ended) reader->stream->finish();
    }

    void add(const std::string& bot, std::shared_ptr<Reader> reader,
             SteadyClock::time_point asked_at) {
        reader->stream->on_change(
            [weak = weak_from_this(), bot, weak_reader = std::weak_ptr(reader)] {
                const auto self = weak.lock();
                const auto reader_now = weak_reader.lock();
                if (!self || !reader_now) return;
                if (reader_now->behind || reader_now->stream->closed()) self->due(bot);
            });
        const std::lock_guard lock(mutex_);
        // Its rights may have been looked at before they changed.
        if (asked_at <= access_changed_at_) reader->ends = SteadyClock::now();
        ends_.emplace(reader->ends, bot);
        deadlines_changed_ = true;
        watched_[bot].readers.push_back(std::move(reader));
        due_.insert(bot);
        changed_.notify_all();
    }

    void add(const std::string& bot, Waiter waiter, std::uint64_t seen) {
        {
            const std::lock_guard lock(mutex_);
            const bool stale = std::max(changed_at(bot), all_changed_at_) > seen;
            if (!stale && !thread_.get_stop_token().stop_requested()) {
                const auto number = ++last_waiter_;
                deadlines_.emplace(std::pair(waiter.deadline, number), bot);
                watched_[bot].waiters.emplace(number, std::move(waiter));
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
    std::uint64_t& changed_at(const std::string& bot) {
        return changed_at_[std::hash<std::string>{}(bot) % change_counters];
    }

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
            feed_round(bots, stop);
        }
    }

    /// A read of a database that does not answer takes seconds: it ends the round, and nobody's
    /// deadline waits for more of them. The next round begins behind it, so that one bot that can
    /// never be read keeps nobody else's stream waiting.
    void feed_round(const std::set<std::string>& bots, const std::stop_token& stop) {
        auto bot = bots.upper_bound(unread_);
        for (std::size_t left = bots.size(); left > 0 && !stop.stop_requested(); --left) {
            if (bot == bots.end()) bot = bots.begin();
            if (!feed(*bot)) {
                unread_ = *bot;
                return;
            }
            wake_expired();
            ++bot;
        }
    }

    void wake_expired() {
        std::vector<std::function<void()>> wakes;
        {
            const std::lock_guard lock(mutex_);
            wakes = take_wakes({}, SteadyClock::now());
        }
        for (const auto& wake : wakes) wake();
    }

    SteadyClock::time_point first_deadline() const {
        auto first = ends_.empty() ? SteadyClock::time_point::max() : ends_.begin()->first;
        if (!deadlines_.empty()) first = std::min(first, deadlines_.begin()->first.first);
        return first;
    }

    std::vector<std::function<void()>> take_wakes(const std::set<std::string>& bots,
                                                  SteadyClock::time_point now) {
        std::vector<std::function<void()>> wakes;
        while (!deadlines_.empty() && deadlines_.begin()->first.first <= now) {
            const auto [deadline, bot] = *deadlines_.begin();
            deadlines_.erase(deadlines_.begin());
            const auto found = watched_.find(bot);
            auto waiter = found->second.waiters.extract(deadline.second);
            wakes.push_back(std::move(waiter.mapped().wake));
            if (found->second.unused()) watched_.erase(found);
        }
        for (const auto& bot : bots) {
            const auto found = watched_.find(bot);
            if (found == watched_.end()) continue;
            for (auto& [number, waiter] : found->second.waiters) {
                deadlines_.erase({waiter.deadline, number});
                wakes.push_back(std::move(waiter.wake));
            }
            found->second.waiters.clear();
            if (found->second.unused()) watched_.erase(found);
        }
        return wakes;
    }

    /// False when the database does not answer.
    bool feed(const std::string& bot) {
        std::vector<std::shared_ptr<Reader>> readers;
        {
            const std::lock_guard lock(mutex_);
            const auto found = watched_.find(bot);
            if (found == watched_.end()) return true;
            readers = found->second.readers;
        }
        const auto now = SteadyClock::now();
        std::map<std::int64_t, Batch> batches;
        bool answered = true;
        for (const auto& reader : readers) {
            if (now >= reader->ends) reader->stream->finish();
            answered = answered && feed(bot, *reader, batches);
        }
        const std::lock_guard lock(mutex_);
        const auto found = watched_.find(bot);
        if (found == watched_.end()) return answered;
        std::erase_if(found->second.readers,
                      [](const auto& reader) { return reader->stream->closed(); });
        if (found->second.unused()) watched_.erase(found);
        return answered;
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
    /// When waiters are woken at the latest, and on which bot they wait.
    std::map<std::pair<SteadyClock::time_point, std::uint64_t>, std::string> deadlines_;
    std::uint64_t last_waiter_ = 0;
    /// The bot whose events could not be read last; the hub's thread's.
    std::string unread_;
    bool all_due_ = false;
    /// One came whose deadline may be earlier than what the thread sleeps for.
    bool deadlines_changed_ = false;
    std::uint64_t version_ = 0;
    /// The version at which a bot of this counter, and all bots, changed last.
    std::array<std::uint64_t, change_counters> changed_at_{};
    std::uint64_t all_changed_at_ = 0;
    SteadyClock::time_point access_changed_at_{};
    std::jthread thread_;
};

EventHub::EventHub(store::EventRepository& events, store::Notifications& notifications,
                   Options options)
    : options_(options),
      seats_(options.limits),
      waits_(options.waits),
      core_(std::make_shared<Core>(events, notifications, options)) {
    core_->start();
    events_subscription_ = notifications.subscribe(
        store::Channel::events,
        [core = core_](const std::vector<std::string>& bots) { core->hint(bots); });
    access_subscription_ = notifications.subscribe(
        store::Channel::access,
        [core = core_](const std::vector<std::string>& users) { core->access_changed(users); });
}

EventHub::~EventHub() {
    events_subscription_.reset();
    access_subscription_.reset();
    core_->stop();
}

std::shared_ptr<front::EventStream> EventHub::open(Opening opening) {
    auto reader = std::make_shared<Reader>();
    reader->stream = std::make_shared<front::EventStream>();
    reader->cursor = opening.after;
    reader->seat = std::move(opening.seat);
    reader->users = std::move(opening.users);
    const auto lifetime =
        std::min(opening.at_most.value_or(options_.stream_lifetime), options_.stream_lifetime);
    reader->ends = SteadyClock::now() + lifetime;
    // Tells the reader at once that it is connected, and how soon to come back.
    reader->stream->send("retry: 2000\n\n");
    auto stream = reader->stream;
    core_->add(opening.bot.text(), std::move(reader), opening.asked_at);
    return stream;
}

std::uint64_t EventHub::version() const { return core_->version(); }

void EventHub::wake_on(const base::BotId& bot, std::chrono::steady_clock::time_point deadline,
                       std::uint64_t seen, std::function<void()> wake) {
    core_->add(bot.text(), {.deadline = deadline, .wake = std::move(wake)}, seen);
}

}  // namespace hatchery::api
