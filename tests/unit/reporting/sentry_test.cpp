#include "reporting/sentry.hpp"

#include <condition_variable>
#include <mutex>

#include "base/fault_listener.hpp"
#include "net/curl_transport.hpp"
#include "support/catch.hpp"
#include "support/net/http_test_server.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

namespace {

/// A local Sentry, and one that reports to it over the real transport.
struct World {
    explicit World(int status = 200, std::map<std::string, std::string> headers = {})
        : receiver([this, status, headers](const support::SeenRequest&) {
              std::unique_lock lock(mutex);
              opened.wait(lock, [this] { return open; });
              return support::wire_answer(status, headers, "{}");
          }),
          sentry(reporting::make_sentry(
              {.envelope_url = receiver.url() + "/api/7/envelope/", .key = base::Secret("k3y")},
              *http, clock, random, metrics)) {}
    ~World() { open_up(); }

    void open_up() {
        {
            const std::lock_guard lock(mutex);
            open = true;
        }
        opened.notify_all();
    }
    [[nodiscard]] std::uint64_t count(const char* outcome) {
        return metrics.counter("hatchery_fault_reports_total", "", {{"outcome", outcome}}).value();
    }
    [[nodiscard]] reporting::Fault fault() const {
        return {.event = "step_threw", .fields = {{"what", "out of luck"}}, .at = clock.now()};
    }

    std::mutex mutex;
    std::condition_variable opened;
    bool open = true;
    base::SystemClock clock;
    base::SystemRandom random;
    base::MetricRegistry metrics;
    support::HttpTestServer receiver;
    std::unique_ptr<ports::HttpTransport> http = net::make_curl_transport();
    std::unique_ptr<reporting::Sentry> sentry;
};

}  // namespace

TEST_CASE("a fault that is logged reaches Sentry by its envelope endpoint") {
    World world;
    base::set_fault_listener(std::make_shared<const base::FaultListener>(
        [&](std::string_view event, std::initializer_list<base::LogField> fields) {
            reporting::Fault fault{
                .event = std::string(event), .fields = {}, .at = world.clock.now()};
            for (const auto& field : fields) fault.fields.emplace_back(field.key, field.value);
            world.sentry->report(std::move(fault));
        }));
    base::log_event(base::LogLevel::warning, "not_a_fault");
    base::log_event(base::LogLevel::error, "route_threw",
                    {{"route", "/api/bots"}, {"request", "r1"}});
    base::set_fault_listener(nullptr);
    base::log_event(base::LogLevel::error, "nobody_listens");
    world.sentry->flush(10s);
    REQUIRE(world.receiver.requests().size() == 1);
    const auto request = world.receiver.requests().front();
    CHECK(request.method == "POST");
    CHECK(request.target == "/api/7/envelope/");
    CHECK(request.headers.at("content-type") == "application/x-sentry-envelope");
    CHECK(request.headers.at("x-sentry-auth").find("sentry_version=7") != std::string::npos);
    CHECK(request.headers.at("x-sentry-auth").find("sentry_key=k3y") != std::string::npos);
    CHECK(request.body.find("\"request\":\"r1\"") != std::string::npos);
    CHECK(request.body.find("k3y") == std::string::npos);
    CHECK(world.count("sent") == 1);
}

TEST_CASE("while Sentry is slow nobody waits, and what is too much is dropped and counted") {
    World world;
    world.open = false;
    const auto before = std::chrono::steady_clock::now();
    const auto reports = reporting::Sentry::queue_limit + 51;
    world.sentry->report(world.fault());
    REQUIRE(world.receiver.wait_for_requests(1));
    for (std::size_t i = 1; i < reports; ++i) world.sentry->report(world.fault());
    CHECK(std::chrono::steady_clock::now() - before < 4s);
    CHECK(world.count("dropped") == 50);
    world.open_up();
    world.sentry->flush(10s);
    CHECK(world.count("sent") == reporting::Sentry::queue_limit + 1);
}

TEST_CASE("Sentry is left alone for as long as it asks") {
    World world(429, {{"Retry-After", "30"}});
    world.sentry->report(world.fault());
    world.sentry->flush(10s);
    CHECK(world.count("refused") == 1);
    world.sentry->report(world.fault());
    world.sentry->flush(10s);
    CHECK(world.count("dropped") == 1);
    CHECK(world.receiver.requests().size() == 1);
}
