#include "api/event_hub.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

namespace {

using SteadyClock = std::chrono::steady_clock;

const base::BotId first_bot("01890000-0000-7000-8000-000000000001");
const base::BotId second_bot("01890000-0000-7000-8000-000000000002");
const base::BotId third_bot("01890000-0000-7000-8000-000000000003");

/// Events whose reads stand still until the test lets each of them end.
class SlowEvents final : public store::EventRepository {
public:
    base::Result<std::vector<core::Event>> find(const store::EventQuery& query) override {
        std::unique_lock lock(mutex_);
        if (broken_.contains(query.bot.text())) {
            ++failed_[query.bot.text()];
            changed_.notify_all();
            return base::fail(base::ErrorKind::internal, "cannot be read");
        }
        ++begun_;
        changed_.notify_all();
        changed_.wait_for(lock, 30s, [&] { return let_go_ > 0 || free_; });
        if (!free_) --let_go_;
        if (!answers_) return base::fail(base::ErrorKind::unavailable, "no connection");
        if (query.after >= last_) return std::vector<core::Event>{};
        core::Event event;
        event.seq = query.after + 1;
        event.message = "line " + std::to_string(event.seq);
        return std::vector<core::Event>{event};
    }
    base::Result<store::Page<store::FoundEvent>> search(const store::EventSearch&) override {
        return base::fail(base::ErrorKind::internal, "not asked");
    }
    base::Result<std::int64_t> last_seq(const base::BotId&) override { return 0; }

    bool await_begun(int count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 10s, [&] { return begun_ >= count; });
    }
    bool await_failed(const base::BotId& bot, int count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 10s, [&] { return failed_[bot.text()] >= count; });
    }
    int begun() {
        const std::lock_guard lock(mutex_);
        return begun_;
    }
    /// One read ends.
    void let_go() {
        const std::lock_guard lock(mutex_);
        ++let_go_;
        changed_.notify_all();
    }
    /// No read stands still any more.
    void set_free() {
        const std::lock_guard lock(mutex_);
        free_ = true;
        changed_.notify_all();
    }
    /// Every bot has one event more; nobody is told.
    void happen() {
        const std::lock_guard lock(mutex_);
        ++last_;
    }
    void answer_nothing() {
        const std::lock_guard lock(mutex_);
        answers_ = false;
    }
    void break_for(const base::BotId& bot) {
        const std::lock_guard lock(mutex_);
        broken_[bot.text()] = true;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, bool> broken_;
    std::map<std::string, int> failed_;
    std::int64_t last_ = 1;
    int begun_ = 0;
    int let_go_ = 0;
    bool free_ = false;
    bool answers_ = true;
};

/// Happens once, on another thread.
class Signal {
public:
    void set() {
        const std::lock_guard lock(mutex_);
        set_ = true;
        changed_.notify_all();
    }
    bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 10s, [&] { return set_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool set_ = false;
};

std::shared_ptr<api::front::EventStream> open_stream(api::EventHub& hub, const base::BotId& bot) {
    std::shared_ptr<api::StreamSeats::Seat> seat;
    REQUIRE(hub.seats().take("ada", seat) == api::StreamSeats::Taken::yes);
    return hub.open({.bot = bot,
                     .after = 0,
                     .seat = std::move(seat),
                     .at_most = {},
                     .users = {"ada"},
                     .asked_at = SteadyClock::now() + 1s});
}

/// Whether the stream gets the text.
bool gets(api::front::EventStream& stream, const std::string& text) {
    const auto until = SteadyClock::now() + 10s;
    std::string bytes;
    while (bytes.find(text) == std::string::npos && SteadyClock::now() < until) {
        bytes += stream.take();
        stream.sent();
        std::this_thread::yield();
    }
    return bytes.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a database that does not answer keeps no waiter beyond its deadline") {
    SlowEvents events;
    const auto notifications = store::make_local_notifications();
    api::EventHub hub(events, *notifications, {.poll = 1h, .poll_without_hints = 1h});
    events.answer_nothing();
    const auto one = open_stream(hub, first_bot);
    REQUIRE(events.await_begun(1));
    const auto two = open_stream(hub, second_bot);
    const auto three = open_stream(hub, third_bot);
    Signal woken;
    hub.wake_on(first_bot, SteadyClock::now(), hub.version(), [&] { woken.set(); });
    // The next read stands still as well; who waits is woken before it.
    events.let_go();
    CHECK(woken.wait());
    Signal later;
    REQUIRE(events.await_begun(2));
    hub.wake_on(first_bot, SteadyClock::now(), hub.version(), [&] { later.set(); });
    events.let_go();
    // It has failed, and ended its round: the third bot was not asked for.
    CHECK(later.wait());
    CHECK(events.begun() == 2);
    events.set_free();
}

TEST_CASE("a deadline passes between two slow reads, not after the round") {
    SlowEvents events;
    const auto notifications = store::make_local_notifications();
    api::EventHub hub(events, *notifications, {.poll = 1h, .poll_without_hints = 1h});
    const auto one = open_stream(hub, first_bot);
    REQUIRE(events.await_begun(1));
    const auto two = open_stream(hub, second_bot);
    const auto three = open_stream(hub, third_bot);
    events.let_go();
    REQUIRE(events.await_begun(2));
    Signal woken;
    hub.wake_on(first_bot, SteadyClock::now(), hub.version(), [&] { woken.set(); });
    events.let_go();
    CHECK(woken.wait());
    events.set_free();
}

TEST_CASE("a bot whose events cannot be read keeps nobody else's stream waiting") {
    SlowEvents events;
    events.set_free();
    events.break_for(first_bot);
    const auto notifications = store::make_local_notifications();
    api::EventHub hub(events, *notifications, {.poll = 5ms, .poll_without_hints = 5ms});
    const auto broken = open_stream(hub, first_bot);
    const auto second = open_stream(hub, second_bot);
    const auto third = open_stream(hub, third_bot);
    REQUIRE(gets(*second, "line 1"));
    REQUIRE(gets(*third, "line 1"));
    // Of these only the polls tell, and each asks for all three bots.
    events.happen();
    CHECK(gets(*second, "line 2"));
    CHECK(gets(*third, "line 2"));
    CHECK(events.await_failed(first_bot, 5));
}
