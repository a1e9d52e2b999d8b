#include "web-hooks/relay.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "core/relay_policy.hpp"

namespace hatchery::web_hooks {

namespace {

using base::ErrorKind;
using store::ClaimedUpdate;

constexpr base::Milliseconds prune_every{60'000};
constexpr int prune_page = 1'000;
/// Deliveries to one bot at once. A healthy one takes an update in milliseconds; one that hangs
/// must not hold the threads that serve the others, however many chats it has.
constexpr int max_in_flight_of_a_bot = 2;
/// Claimed updates that wait for their turn; while there are so many, nothing more is claimed.
constexpr std::size_t max_parked = 512;
/// Bots whose rise is watched for; beyond it they wait for their backoff.
constexpr std::size_t max_waiting_bots = 10'000;

class InboxRelay final : public Relay {
public:
    InboxRelay(const RelayPorts& ports, RelayOptions options) : ports_(ports), options_(options) {}
    ~InboxRelay() override { stop(); }

    void start() override {
        for (int i = 0; i < options_.threads; ++i) {
            workers_.emplace_back([this](const std::stop_token& stop) { deliver_all(stop); });
        }
        dispatcher_ = std::jthread([this](const std::stop_token& stop) { dispatch(stop); });
    }

    void hint() override {
        {
            const std::lock_guard lock(mutex_);
            hinted_ = true;
        }
        wake_dispatcher_.notify_one();
    }

    void bot_changed(const base::BotId& bot) override {
        {
            const std::lock_guard lock(mutex_);
            if (waiting_bots_.count(bot) == 0) return;
            changed_bots_.insert(bot);
        }
        wake_dispatcher_.notify_one();
    }

    void stop() override {
        dispatcher_.request_stop();
        for (auto& worker : workers_) worker.request_stop();
        if (dispatcher_.joinable()) dispatcher_.join();
        workers_.clear();
        std::deque<Parked> rest;
        {
            const std::lock_guard lock(mutex_);
            rest.swap(queue_);
        }
        for (const auto& parked : rest) give_back(parked.update);
    }

private:
    struct Parked {
        ClaimedUpdate update;
        base::TimePoint claimed_at;
    };

    // The dispatcher: claims as many updates as there are free threads.

    void dispatch(const std::stop_token& stop) {
        auto next_prune = ports_.clock.now();
        while (!stop.stop_requested()) {
            look_at_changed_bots();
            const bool full = claim_once();
            if (ports_.clock.now() >= next_prune) {
                next_prune = ports_.clock.now() + prune_every;
                keep_house();
            }
            std::unique_lock lock(mutex_);
            if (full && free_threads() > 0) continue;
            wake_dispatcher_.wait_for(lock, stop, options_.poll_every, [this] {
                return (hinted_ && free_threads() > 0) || !changed_bots_.empty();
            });
        }
    }

    /// Needs mutex_.
    [[nodiscard]] int free_threads() const {
        if (queue_.size() >= max_parked) return 0;
        const auto ready = std::count_if(queue_.begin(), queue_.end(),
                                         [this](const Parked& p) { return may_go(p); });
        return options_.threads - busy_ - static_cast<int>(ready);
    }

    /// Needs mutex_.
    [[nodiscard]] bool may_go(const Parked& parked) const {
        const auto it = in_flight_.find(parked.update.bot_id);
        return it == in_flight_.end() || it->second < max_in_flight_of_a_bot;
    }

    /// Whether as many came as were asked for, so that more may be there.
    bool claim_once() {
        int limit = 0;
        {
            const std::lock_guard lock(mutex_);
            limit = free_threads();
            if (limit <= 0) return false;
            hinted_ = false;
        }
        const auto now = ports_.clock.now();
        auto claimed = ports_.inbox.claim(limit, options_.lease_for, now);
        if (!claimed) {
            // Said once when it begins, not once a second.
            if (!std::exchange(claim_failing_, true)) {
                log_event(base::LogLevel::warning, "relay_claim_failed",
                          {{"message", claimed.error().message}});
            }
            return false;
        }
        claim_failing_ = false;
        const bool full = static_cast<int>(claimed->size()) >= limit;
        {
            const std::lock_guard lock(mutex_);
            for (auto& update : *claimed) queue_.push_back({std::move(update), now});
        }
        wake_workers_.notify_all();
        return full;
    }

    /// Brings forward what waits for bots that have come up.
    void look_at_changed_bots() {
        std::set<base::BotId> changed;
        {
            const std::lock_guard lock(mutex_);
            changed.swap(changed_bots_);
        }
        for (const auto& bot : changed) {
            const auto row = ports_.fleet.bot(bot);
            if (!row) continue;
            const std::lock_guard lock(mutex_);
            const auto waiting = waiting_bots_.find(bot);
            if (waiting == waiting_bots_.end()) continue;
            const bool came_up = row->status == core::BotStatus::active && waiting->second &&
                                 *waiting->second != core::BotStatus::active;
            waiting->second = row->status;
            if (came_up) risen_bots_.push_back(bot);
        }
        std::vector<base::BotId> risen;
        {
            const std::lock_guard lock(mutex_);
            risen.swap(risen_bots_);
        }
        for (const auto& bot : risen) {
            const auto count = ports_.inbox.bring_forward(bot, ports_.clock.now());
            if (count && *count > 0) hint();
        }
    }

    void keep_house() {
        ports_.lines.close_idle();
        const auto now = ports_.clock.now();
        const auto pruned = ports_.inbox.prune(
            {.delivered = now - options_.keep_delivered, .dead = now - options_.keep_dead},
            prune_page);
        if (pruned && *pruned > 0) {
            log_event(base::LogLevel::debug, "inbox_pruned", {{"count", *pruned}});
        }
    }

    // The workers.

    void deliver_all(const std::stop_token& stop) {
        while (true) {
            std::unique_lock lock(mutex_);
            const auto goes = [this](const Parked& parked) { return may_go(parked); };
            const auto ready = [&] { return std::any_of(queue_.begin(), queue_.end(), goes); };
            if (!wake_workers_.wait(lock, stop, ready)) return;
            // What is queued when a stop is asked is given back by stop().
            if (stop.stop_requested()) return;
            const auto it = std::find_if(queue_.begin(), queue_.end(), goes);
            const Parked parked = std::move(*it);
            queue_.erase(it);
            ++busy_;
            ++in_flight_[parked.update.bot_id];
            lock.unlock();
            // With too little of its lease left it belongs to whoever claims it next.
            const auto parked_for = ports_.clock.now() - parked.claimed_at;
            if (parked_for + options_.delivery_limit < options_.lease_for) {
                deliver(parked.update, stop);
            } else {
                give_back(parked.update);
            }
            lock.lock();
            --busy_;
            if (--in_flight_[parked.update.bot_id] == 0) in_flight_.erase(parked.update.bot_id);
            hinted_ = true;
            lock.unlock();
            wake_dispatcher_.notify_one();
            wake_workers_.notify_one();
        }
    }

    void deliver(const ClaimedUpdate& update, const std::stop_token& stop) {
        const auto posted = ports_.lines.post(update.bot_id, update.body,
                                              base::Call::within(options_.delivery_limit, stop));
        const auto now = ports_.clock.now();
        if (!posted && posted.error().kind == ErrorKind::cancelled) {
            give_back(update);
            return;
        }
        if (!posted && posted.error().code == "bot_gone") {
            give_up(update, "The bot was deleted.", now);
            return;
        }
        core::RelayAttempt attempt{
            .attempts = update.attempts,
            .age = std::chrono::duration_cast<base::Milliseconds>(now - update.received_at),
            .jitter = ports_.random.next_unit()};
        if (posted) {
            attempt.status = *posted;
        } else {
            attempt.error = posted.error();
        }
        const auto decision = core::decide_relay(attempt);
        switch (decision.verdict) {
            case core::RelayVerdict::delivered:
                delivered(update, now);
                return;
            case core::RelayVerdict::retry:
                retry(update, decision, now);
                return;
            case core::RelayVerdict::dead:
                give_up(update, decision.reason, now);
                return;
        }
    }

    void delivered(const ClaimedUpdate& update, base::TimePoint now) {
        {
            const std::lock_guard lock(mutex_);
            waiting_bots_.erase(update.bot_id);
        }
        log_event(base::LogLevel::debug, "update_delivered",
                  {{"bot", update.bot_id.text()},
                   {"update", update.update_id},
                   {"ms", milliseconds(now - update.received_at)}});
        check(ports_.inbox.delivered(update, now), update);
    }

    void retry(const ClaimedUpdate& update, const core::RelayDecision& decision,
               base::TimePoint now) {
        bool first = false;
        {
            const std::lock_guard lock(mutex_);
            if (waiting_bots_.size() < max_waiting_bots) {
                first = waiting_bots_.emplace(update.bot_id, std::nullopt).second;
            }
            // Its status now is what a later change is compared with.
            if (first) changed_bots_.insert(update.bot_id);
        }
        log_event(first ? base::LogLevel::info : base::LogLevel::debug, "update_waits",
                  {{"bot", update.bot_id.text()},
                   {"update", update.update_id},
                   {"attempt", update.attempts + 1},
                   {"delay_ms", static_cast<long long>(decision.delay.count())},
                   {"why", decision.reason}});
        check(ports_.inbox.retry(update, now + decision.delay, decision.reason), update);
    }

    void give_up(const ClaimedUpdate& update, const std::string& reason, base::TimePoint now) {
        log_event(base::LogLevel::warning, "update_dead",
                  {{"bot", update.bot_id.text()}, {"update", update.update_id}, {"why", reason}});
        check(ports_.inbox.give_up(update, reason, now), update);
    }

    void give_back(const ClaimedUpdate& update) { check(ports_.inbox.release(update), update); }

    /// A write that fails costs a second delivery when the lease has run out, which OpenClaw
    /// recognises by its update_id.
    void check(const base::Result<void>& written, const ClaimedUpdate& update) {
        if (written || written.error().kind == ErrorKind::conflict) return;
        log_event(base::LogLevel::warning, "inbox_write_failed",
                  {{"bot", update.bot_id.text()},
                   {"update", update.update_id},
                   {"message", written.error().message}});
    }

    static long long milliseconds(std::chrono::microseconds duration) {
        return std::chrono::duration_cast<base::Milliseconds>(duration).count();
    }

    const RelayPorts ports_;
    const RelayOptions options_;
    std::mutex mutex_;
    std::condition_variable_any wake_dispatcher_;
    std::condition_variable_any wake_workers_;
    std::deque<Parked> queue_;
    int busy_ = 0;
    std::map<base::BotId, int> in_flight_;
    bool hinted_ = false;
    /// Bots that an update waits for, with the status last seen.
    std::map<base::BotId, std::optional<core::BotStatus>> waiting_bots_;
    std::set<base::BotId> changed_bots_;
    std::vector<base::BotId> risen_bots_;
    /// Only the dispatcher's.
    bool claim_failing_ = false;
    std::vector<std::jthread> workers_;
    std::jthread dispatcher_;
};

}  // namespace

std::unique_ptr<Relay> make_relay(const RelayPorts& ports, RelayOptions options) {
    return std::make_unique<InboxRelay>(ports, options);
}

}  // namespace hatchery::web_hooks
