#include "base/json_value.hpp"
#include "engine/alarm_courier.hpp"
#include "engine/pool_scaler.hpp"
#include "engine/pool_watch.hpp"
#include "engine/queue_watch.hpp"
#include "engine/worker_pulse.hpp"
#include "pool_world.hpp"

namespace hatchery::engine {

using namespace std::chrono_literals;
using core::AlarmKind;

TEST_CASE("a beat tells of this process and shows what was counted for all") {
    PoolWorld world;
    world.slots.busy = 3;
    auto status = world.status(42);
    status.desired_workers = 9;
    world.registry.set_status(status);
    WorkerPulse pulse(world.ports, world.settings, world.slots);
    pulse.beat();
    const auto rows = world.registry.list().value();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].slots == 16);
    CHECK(rows[0].max_slots == 50);
    CHECK(rows[0].busy == 3);
    CHECK_FALSE(rows[0].draining);
    CHECK(rows[0].heartbeat_at == world.clock.now());
    CHECK(world.shows("hatchery_queue_due_jobs 42"));
    CHECK(world.shows("hatchery_pool_desired_workers 9"));
    CHECK(world.shows("hatchery_pool_threads 16"));
    CHECK(world.shows("hatchery_pool_busy_threads 3"));
    pulse.drain();
    CHECK(world.registry.list().value()[0].draining);
    pulse.leave();
    CHECK(world.registry.list().value().empty());
}

TEST_CASE("threads follow this process's share of the queue, out after a minute, in after five") {
    PoolWorld world;
    WorkerPulse pulse(world.ports, world.settings, world.slots);
    const auto beat_for = [&](base::Milliseconds time, int due, int workers) {
        for (base::Milliseconds t{0}; t < time; t += 5s) {
            auto status = world.status(due);
            status.workers = workers;
            world.registry.set_status(status);
            pulse.beat();
            world.clock.advance(5s);
        }
    };
    beat_for(60s, 300, 2);
    CHECK(world.slots.threads == 16);
    beat_for(5s, 300, 2);
    CHECK(world.slots.threads == 30);
    beat_for(300s, 0, 2);
    CHECK(world.slots.threads == 30);
    world.slots.busy = 20;
    beat_for(5s, 0, 2);
    CHECK(world.slots.threads == 20);
    beat_for(65s, 100'000, 2);
    CHECK(world.slots.threads == 50);
    CHECK(world.shows("hatchery_pool_desired_threads 50"));
}

TEST_CASE("a count that is old moves no thread, and neither does a database that is away") {
    PoolWorld world;
    WorkerPulse pulse(world.ports, world.settings, world.slots);
    world.registry.set_status(world.status(1'000));
    for (int i = 0; i < 100; ++i) {
        world.clock.advance(5s);
        pulse.beat();
    }
    CHECK(world.slots.threads == 16);
    world.registry.refuse(true);
    pulse.beat();
    pulse.leave();
    CHECK(world.slots.threads == 16);
}

TEST_CASE("an engine without threads stays without") {
    PoolWorld world;
    world.settings.threads = {.min_workers = 0, .max_workers = 0};
    world.slots.threads = 0;
    WorkerPulse pulse(world.ports, world.settings, world.slots);
    for (int i = 0; i < 100; ++i) {
        world.registry.set_status(world.status(1'000));
        world.clock.advance(5s);
        pulse.beat();
    }
    CHECK(world.slots.threads == 0);
}

TEST_CASE("the watch publishes counts with the number of processes that they ask for") {
    PoolWorld world;
    QueueWatch watch(world.ports, world.settings);
    CHECK_FALSE(watch.desired_workers());
    world.queue.set_status(world.status(100));
    for (int i = 0; i <= 12; ++i) {
        watch.tick({});
        // Nothing is counted twice within the interval.
        watch.tick({});
        world.clock.advance(5s);
    }
    const auto published = world.queue.published();
    REQUIRE(published.size() == 13);
    CHECK(published.front().desired_workers == 1);
    CHECK(published.back().desired_workers == 20);
    CHECK(watch.desired_workers() == 20);
}

TEST_CASE("a new leader takes the pool as it is, and does not shrink it at once") {
    PoolWorld world;
    QueueWatch watch(world.ports, world.settings);
    auto status = world.status(0);
    status.workers = 8;
    world.queue.set_status(status);
    watch.tick({});
    CHECK(watch.desired_workers() == 8);
    watch.begin_anew();
    CHECK_FALSE(watch.desired_workers());
    // Where all start anew, the others are not seen yet.
    status.workers = 1;
    status.desired_workers = 8;
    world.queue.set_status(status);
    world.clock.advance(5s);
    watch.tick({});
    CHECK(watch.desired_workers() == 8);
}

TEST_CASE("a clock that is set back does not stop the counting") {
    PoolWorld world;
    QueueWatch watch(world.ports, world.settings);
    watch.tick({});
    world.clock.advance(-24h);
    watch.tick({});
    CHECK(world.queue.published().size() == 2);
}

TEST_CASE("alarms are raised and cleared in the store, and shown as metrics") {
    PoolWorld world;
    QueueWatch watch(world.ports, world.settings);
    watch.begin_anew();
    auto status = world.status(0);
    status.workers = status.slots = status.max_slots = 0;
    world.queue.set_status(status);
    const auto watch_for = [&](base::Milliseconds time) {
        for (base::Milliseconds t{0}; t <= time; t += 5s) {
            watch.tick({});
            world.clock.advance(5s);
        }
    };
    watch_for(25s);
    CHECK(world.alarms.raised().value().empty());
    watch_for(0s);
    CHECK(world.alarms.raised().value() == std::vector{AlarmKind::no_worker});
    CHECK(world.shows(R"(hatchery_alarm_raised{kind="no_worker"} 1)"));
    world.queue.set_status(world.status(0));
    watch_for(30s);
    CHECK(world.alarms.raised().value().empty());
    CHECK(world.shows(R"(hatchery_alarm_raised{kind="no_worker"} 0)"));
    const auto listed = world.alarms.list(std::nullopt, 10).value();
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].cleared_at);
}

TEST_CASE("jobs that nobody can run are marked at the second look, within a minute") {
    PoolWorld world;
    QueueWatch watch(world.ports, world.settings);
    const std::string nbg = R"({"region": "nbg1"})";
    world.queue.wanted = {{nbg, false}, {R"({"region": "fsn1"})", true}};
    world.queue.offered = {R"({"region": "fsn1"})", R"({"region": "hel1"})"};
    watch.tick({});
    CHECK(world.queue.marked.empty());
    world.clock.advance(15s);
    watch.tick({});
    CHECK(world.queue.marked ==
          std::map<std::string, std::string>{
              {nbg, "No worker has region nbg1; workers offer: fsn1, hel1."}});
    world.queue.wanted[0].met = true;
    world.clock.advance(15s);
    watch.tick({});
    CHECK(world.queue.marked.empty());
}

TEST_CASE("the webhook is told of an alarm with its signature, raised and then cleared") {
    PoolWorld world;
    world.settings.webhook = AlarmWebhook{
        .url = "https://hooks.example.com/{secret}",
        .url_secret = base::Secret("hunter2"),
        .sign = [](std::string_view text) { return "mac-of-" + std::to_string(text.size()); }};
    world.http.answer_otherwise([](const auto&) { return ports::HttpResponse{.status = 204}; });
    AlarmCourier courier(world.ports, world.settings);
    REQUIRE(world.alarms.raise(
        {.kind = AlarmKind::queue_deep, .cause = "Why.", .next_action = "Do."}, world.clock.now()));
    courier.tick({});
    courier.tick({});
    world.clock.advance(10s);
    REQUIRE(world.alarms.clear(AlarmKind::queue_deep, {}, world.clock.now()));
    courier.tick({});
    courier.tick({});
    const auto requests = world.http.requests();
    REQUIRE(requests.size() == 2);
    const auto header = [](const ports::HttpRequest& request, const std::string& name) {
        for (const auto& [key, value] : request.headers) {
            if (key == name) return value;
        }
        return std::string();
    };
    const auto raised = base::parse_json(requests[0].body).value();
    CHECK(raised["event"] == "raised");
    CHECK(raised["kind"] == "queue_deep");
    CHECK(raised["cause"] == "Why.");
    CHECK(raised["nextAction"] == "Do.");
    CHECK(raised["clearedAt"].is_null());
    CHECK(header(requests[0], "X-Hatchery-Signature") ==
          "sha256=mac-of-" + std::to_string(requests[0].body.size()));
    CHECK(header(requests[0], "X-Hatchery-Delivery") ==
          base::json_string(raised, "id") + ":raised");
    const auto cleared = base::parse_json(requests[1].body).value();
    CHECK(cleared["event"] == "cleared");
    CHECK(cleared["id"] == raised["id"]);
    CHECK(cleared["clearedAt"] == base::format_time(world.clock.now()));
    CHECK(requests[0].body.find("hunter2") == std::string::npos);
}

TEST_CASE("a webhook that fails is told again after a growing pause, and nothing is lost") {
    PoolWorld world;
    world.settings.webhook =
        AlarmWebhook{.url = "https://hooks.example.com", .url_secret = {}, .sign = {}};
    AlarmCourier courier(world.ports, world.settings);
    REQUIRE(world.alarms.raise({.kind = AlarmKind::queue_deep, .cause = "W.", .next_action = "D."},
                               world.clock.now()));
    world.http.answer_next(500, "");
    world.http.fail_next({.kind = base::ErrorKind::unavailable, .message = "refused"});
    world.http.answer_next(200, "");
    courier.tick({});
    CHECK(world.http.requests().size() == 1);
    courier.tick({});
    CHECK(world.http.requests().size() == 1);
    world.clock.advance(2s);
    courier.tick({});
    CHECK(world.http.requests().size() == 2);
    world.clock.advance(1s);
    courier.tick({});
    CHECK(world.http.requests().size() == 2);
    world.clock.advance(3s);
    courier.tick({});
    CHECK(world.http.requests().size() == 3);
    world.clock.advance(1h);
    courier.tick({});
    CHECK(world.http.requests().size() == 3);
}

TEST_CASE("without a webhook nothing is sent") {
    PoolWorld world;
    AlarmCourier courier(world.ports, world.settings);
    REQUIRE(world.alarms.raise({.kind = AlarmKind::queue_deep, .cause = "W.", .next_action = "D."},
                               world.clock.now()));
    courier.tick({});
    CHECK(world.http.requests().empty());
}

TEST_CASE("the command runs on change only, and again after a failure with a pause") {
    PoolWorld world;
    std::vector<int> calls;
    bool works = true;
    world.settings.scale = [&](int workers, const base::Call&) -> base::Result<void> {
        calls.push_back(workers);
        if (works) return {};
        return base::fail(base::ErrorKind::internal, "It ended with exit code 1.");
    };
    PoolScaler scaler(world.ports, world.settings);
    scaler.tick(3, {});
    scaler.tick(3, {});
    CHECK(calls == std::vector{3});
    works = false;
    scaler.tick(5, {});
    scaler.tick(5, {});
    CHECK(calls == std::vector{3, 5});
    world.clock.advance(5s);
    scaler.tick(5, {});
    CHECK(calls == std::vector{3, 5, 5});
    works = true;
    scaler.tick(6, {});
    CHECK(calls == std::vector{3, 5, 5, 6});
    world.clock.advance(1h);
    scaler.tick(6, {});
    CHECK(calls.size() == 4);
    scaler.begin_anew();
    scaler.tick(6, {});
    CHECK(calls.size() == 5);
}

TEST_CASE("the watch registers, leads, and leaves nothing behind") {
    PoolWorld world;
    world.settings.beat_every = world.settings.count_every = world.settings.match_every = 1ms;
    std::atomic<int> commanded{0};
    std::mutex mutex;
    std::condition_variable changed;
    world.settings.scale = [&](int workers, const base::Call&) -> base::Result<void> {
        {
            const std::lock_guard lock(mutex);
            commanded = workers;
        }
        changed.notify_all();
        return {};
    };
    auto status = world.status(0);
    status.workers = 4;
    world.queue.set_status(status);
    const auto watch = make_pool_watch(world.ports, world.settings, world.slots);
    watch->start();
    CHECK(world.registry.list().value().size() == 1);
    {
        std::unique_lock lock(mutex);
        CHECK(changed.wait_for(lock, 20s, [&] { return commanded == 4; }));
    }
    watch->drain();
    CHECK(world.registry.list().value()[0].draining);
    watch->stop();
    CHECK(world.registry.list().value().empty());
}

}  // namespace hatchery::engine
