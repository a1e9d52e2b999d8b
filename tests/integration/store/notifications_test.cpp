#include "store/notifications.hpp"

#include <algorithm>
#include <thread>

#include "world.hpp"

namespace hatchery::store {

namespace {

void wait_until_listening(const Notifications& notifications) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!notifications.listening() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
    }
    REQUIRE(notifications.listening());
}

}  // namespace

TEST_CASE("a hint reaches this process at once and the others through the database") {
    World world;
    const auto here = make_notifications(world.database->url());
    const auto there = make_notifications(world.database->url());
    wait_until_listening(*here);
    wait_until_listening(*there);
    const std::string bot = "019a0000-0000-7000-8000-000000000001";
    Signal near;
    Signal far;
    std::atomic<int> near_calls = 0;
    const auto names_bot = [&](const std::vector<std::string>& bots) {
        return std::ranges::find(bots, bot) != bots.end();
    };
    const auto first = here->subscribe(Channel::events, [&](const std::vector<std::string>& bots) {
        if (!names_bot(bots)) return;
        ++near_calls;
        near.raise();
    });
    const auto second =
        there->subscribe(Channel::events, [&](const std::vector<std::string>& bots) {
            if (names_bot(bots)) far.raise();
        });
    here->bot_changed(base::BotId(bot));
    CHECK(near.wait_for(1));
    CHECK(far.wait_for(1));
    // What it sent itself does not come back: the other's hint is the second call.
    there->bot_changed(base::BotId(bot));
    CHECK(near.wait_for(2));
    CHECK(near_calls == 2);
}

TEST_CASE("jobs and inbox have channels of their own") {
    World world;
    const auto here = make_notifications(world.database->url());
    const auto there = make_notifications(world.database->url());
    wait_until_listening(*there);
    Signal jobs;
    Signal inbox;
    const auto first =
        there->subscribe(Channel::jobs, [&](const std::vector<std::string>&) { jobs.raise(); });
    here->jobs_ready();
    REQUIRE(jobs.wait_for(1));
    const auto second =
        there->subscribe(Channel::inbox, [&](const std::vector<std::string>&) { inbox.raise(); });
    here->inbox_filled();
    CHECK(inbox.wait_for(1));
}

TEST_CASE("many hints are told in few notifications, and none is lost") {
    World world;
    const auto here = make_notifications(world.database->url());
    const auto there = make_notifications(world.database->url());
    wait_until_listening(*there);
    std::mutex mutex;
    std::vector<std::string> heard;
    int calls = 0;
    Signal all;
    const auto subscription =
        there->subscribe(Channel::events, [&](const std::vector<std::string>& bots) {
            const std::lock_guard lock(mutex);
            ++calls;
            heard.insert(heard.end(), bots.begin(), bots.end());
            if (heard.size() >= 500) all.raise();
        });
    for (int i = 0; i < 500; ++i) {
        here->bot_changed(base::make_id<base::BotId>(at(i), world.random));
    }
    CHECK(all.wait_for(1));
    const std::lock_guard lock(mutex);
    CHECK(calls < 250);
}

TEST_CASE("after its end a subscription is not called any more") {
    const auto local = make_local_notifications();
    int calls = 0;
    auto subscription =
        local->subscribe(Channel::jobs, [&](const std::vector<std::string>&) { ++calls; });
    local->jobs_ready();
    subscription.reset();
    local->jobs_ready();
    CHECK(calls == 1);
}

TEST_CASE("without a database hints stay in the process and the end comes quickly") {
    const auto alone = make_notifications(base::Secret("postgresql://u@/x?host=%2Fnowhere&port=1"));
    int calls = 0;
    const auto subscription =
        alone->subscribe(Channel::jobs, [&](const std::vector<std::string>&) { ++calls; });
    alone->jobs_ready();
    CHECK(calls == 1);
    CHECK(!alone->listening());
}

}  // namespace hatchery::store
