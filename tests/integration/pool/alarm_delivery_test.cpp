#include <atomic>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "crypto/digest.hpp"
#include "engine/alarm_courier.hpp"
#include "engine/queue_watch.hpp"
#include "net/curl_transport.hpp"
#include "store/notifications.hpp"
#include "store/pg_alarm_store.hpp"
#include "store/pg_fleet_store.hpp"
#include "store/pg_queue_monitor.hpp"
#include "store/pg_worker_registry.hpp"
#include "support/catch.hpp"
#include "support/net/http_test_server.hpp"
#include "support/pg_cluster.hpp"
#include "support/plain_secret_box.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

namespace {

class SetClock final : public base::Clock {
public:
    [[nodiscard]] base::TimePoint now() const override { return now_.load(); }
    void advance(base::Milliseconds time) { now_ = now_.load() + time; }

private:
    std::atomic<base::TimePoint> now_{base::parse_time("2026-03-01T10:00:00Z").value()};
};

/// An installation without any worker, and who is told of it.
struct World {
    explicit World(support::HttpTestServer::Handler handler) : receiver(std::move(handler)) {
        settings.webhook = engine::AlarmWebhook{
            .url = receiver.url() + "/hooks/{secret}",
            .url_secret = base::Secret("token-of-the-hook"),
            .sign = [](std::string_view text) {
                return base::hex_encode(crypto::hmac_sha256("a-shared-secret", text));
            }};
    }

    /// A leader's work for this long.
    void pass(base::Milliseconds time) {
        for (base::Milliseconds t{0}; t < time; t += 5s) {
            watch.tick({});
            courier.tick({});
            clock.advance(5s);
        }
    }
    void start_worker() {
        core::Worker worker{.id = base::WorkerId("w"),
                            .host = "h",
                            .version = "1",
                            .slots = 4,
                            .max_slots = 4,
                            .started_at = clock.now(),
                            .heartbeat_at = clock.now() + 1h};
        REQUIRE(registry->beat(worker));
    }

    SetClock clock;
    base::SystemRandom random;
    base::MetricRegistry metrics;
    support::PlainSecretBox box;
    store::NoHints hints;
    std::unique_ptr<support::TestDatabase> database =
        support::PgCluster::shared().create_database();
    std::unique_ptr<ports::WorkerRegistry> registry =
        store::make_pg_worker_registry(database->pool());
    std::unique_ptr<ports::QueueMonitor> queue =
        store::make_pg_queue_monitor(database->pool(), hints);
    std::unique_ptr<ports::AlarmStore> alarms =
        store::make_pg_alarm_store(database->pool(), random);
    std::unique_ptr<ports::FleetStore> fleet =
        store::make_pg_fleet_store(database->pool(), box, clock, random);
    std::unique_ptr<ports::HttpTransport> http = net::make_curl_transport();
    support::HttpTestServer receiver;
    engine::PoolSettings settings;
    engine::PoolPorts ports{.registry = *registry,
                            .queue = *queue,
                            .alarms = *alarms,
                            .fleet = *fleet,
                            .http = *http,
                            .metrics = metrics,
                            .clock = clock,
                            .random = random};
    engine::QueueWatch watch{ports, settings};
    engine::AlarmCourier courier{ports, settings};
};

std::string event_of(const support::SeenRequest& request) {
    return base::json_string(base::parse_json(request.body).value(), "event");
}

}  // namespace

TEST_CASE("the alarm about a missing worker reaches the webhook, signed, and so does its end") {
    World world([](const auto&) { return support::wire_answer(204, {}, ""); });
    world.pass(30s);
    CHECK(world.receiver.requests().empty());
    world.pass(5s);
    REQUIRE(world.receiver.requests().size() == 1);
    const auto request = world.receiver.requests()[0];
    CHECK(request.method == "POST");
    CHECK(request.target == "/hooks/token-of-the-hook");
    CHECK(request.headers.at("content-type") == "application/json");
    CHECK(request.headers.at("x-hatchery-signature") ==
          "sha256=" + base::hex_encode(crypto::hmac_sha256("a-shared-secret", request.body)));
    const auto body = base::parse_json(request.body).value();
    CHECK(body["kind"] == "no_worker");
    CHECK(body["installation"] == world.fleet->installation()->text());
    world.start_worker();
    world.pass(40s);
    REQUIRE(world.receiver.requests().size() == 2);
    CHECK(event_of(world.receiver.requests()[1]) == "cleared");
    world.pass(60s);
    CHECK(world.receiver.requests().size() == 2);
}

TEST_CASE("a receiver that fails, or answers and is not heard, is told again until it is heard") {
    std::atomic<int> count{0};
    World world([&](const auto&) {
        switch (++count) {
            case 1:
                return support::wire_answer(503, {}, "later");
            case 2:
                return support::WireAnswer{.bytes = "", .then = support::WireAnswer::Then::close};
            default:
                return support::wire_answer(200, {}, "");
        }
    });
    world.pass(35s);
    world.start_worker();
    world.pass(60s);
    const auto seen = world.receiver.requests();
    REQUIRE(seen.size() == 4);
    CHECK(event_of(seen[0]) == "raised");
    CHECK(event_of(seen[1]) == "raised");
    CHECK(event_of(seen[2]) == "raised");
    CHECK(seen[0].body == seen[2].body);
    CHECK(seen[0].headers.at("x-hatchery-delivery") == seen[2].headers.at("x-hatchery-delivery"));
    CHECK(event_of(seen[3]) == "cleared");
}
