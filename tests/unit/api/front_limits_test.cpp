#include <latch>

#include "api/front/held_bytes.hpp"
#include "front_fixture.hpp"
#include "raw_client.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using namespace std::chrono_literals;
using hatchery::api::front::Reply;
using hatchery::api::front::Request;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// The head of a request whose body is asked for once there is room for it.
std::string announced(const std::string& framing) {
    return "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + framing + "\r\n\r\n";
}
bool let_in(RawClient& client) {
    return status_of(client.read_until("100 Continue\r\n\r\n")) == 100;
}

}  // namespace

TEST_CASE("a head beyond the limit is refused without being kept") {
    FrontFixture fixture;
    const auto port = fixture.start();
    RawClient line(port);
    line.send("GET /" + std::string(40'000, 'a'));
    CHECK(status_of(line.read_response()) == 414);
    RawClient fields(port);
    std::string head = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (int i = 0; i < 400; ++i)
        head += "X-" + std::to_string(i) + ": " + std::string(60, 'a') + "\r\n";
    fields.send(head);
    CHECK(status_of(fields.read_response()) == 431);
}

TEST_CASE("a body beyond the limit is 413, announced or in chunks") {
    FrontFixture fixture;
    fixture.options.body_bytes = 1000;
    const auto port = fixture.start();
    RawClient announced(port);
    announced.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
    CHECK(status_of(announced.read_response()) == 413);
    RawClient chunked(port);
    chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; ++i) chunked.send("64\r\n" + std::string(100, 'a') + "\r\n");
    CHECK(status_of(chunked.read_response()) == 413);
    RawClient most(port);
    most.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" +
              std::string(1000, 'a'));
    CHECK(status_of(most.read_response()) == 200);
}

TEST_CASE("a sender that drips its head is told 408 at the deadline, however often it sends") {
    FrontFixture fixture;
    fixture.options.head_timeout = 200ms;
    RawClient client(fixture.start());
    const auto began = std::chrono::steady_clock::now();
    client.send("GET / HTTP/1.1\r\n");
    std::string answer;
    for (int i = 0; i < 100 && answer.empty(); ++i) {
        client.send("X: a\r\n");
        answer = client.read_until("HTTP/1.1 408", 20ms);
    }
    CHECK(status_of(answer) == 408);
    CHECK(std::chrono::steady_clock::now() - began < 2s);
}

TEST_CASE("a sender that does not finish its body is told 408") {
    FrontFixture fixture;
    fixture.options.body_timeout = 100ms;
    RawClient client(fixture.start());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    CHECK(status_of(client.read_response()) == 408);
}

TEST_CASE("an idle connection is closed without a word") {
    FrontFixture fixture;
    fixture.options.idle_timeout = 100ms;
    RawClient client(fixture.start());
    client.send(get);
    REQUIRE(status_of(client.read_response()) == 200);
    CHECK(client.read_all().empty());
    CHECK(client.closed());
}

TEST_CASE("slow senders do not keep others waiting") {
    FrontFixture fixture;
    fixture.options.worker_threads = 1;
    const auto port = fixture.start();
    std::vector<RawClient> slow;
    for (int i = 0; i < 300; ++i) {
        slow.emplace_back(port);
        slow.back().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n");
    }
    RawClient client(port);
    client.send(get);
    CHECK(status_of(client.read_response(1s)) == 200);
}

TEST_CASE("connections beyond the maximum are told 503 with Retry-After") {
    FrontFixture fixture;
    fixture.options.max_connections = 2;
    const auto port = fixture.start();
    {
        RawClient first(port);
        RawClient second(port);
        first.send(get);
        second.send(get);
        REQUIRE(status_of(first.read_response()) == 200);
        REQUIRE(status_of(second.read_response()) == 200);
        RawClient third(port);
        const auto answer = third.read_all();
        CHECK(status_of(answer) == 503);
        CHECK(answer.find("Retry-After: ") != std::string::npos);
    }
    REQUIRE(eventually([&] { return fixture.front->connections() == 0; }));
    RawClient later(port);
    later.send(get);
    CHECK(status_of(later.read_response()) == 200);
}

TEST_CASE("one address may not hold all connections") {
    FrontFixture fixture;
    fixture.options.max_connections_of_proxy = 1;
    const auto port = fixture.start();
    RawClient first(port);
    first.send(get);
    REQUIRE(status_of(first.read_response()) == 200);
    RawClient second(port);
    CHECK(status_of(second.read_all()) == 503);
}

TEST_CASE("what is refused to one address takes no connection from another") {
    FrontFixture fixture;
    fixture.options.max_connections = 10;
    fixture.options.max_connections_of_proxy = 2;
    const auto port = fixture.start();
    std::vector<RawClient> many;
    for (int i = 0; i < 50; ++i) many.emplace_back(port);
    RawClient other(port, 2);
    other.send(get);
    CHECK(status_of(other.read_response()) == 200);
    // A few are told, the rest is closed.
    int told = 0;
    for (std::size_t i = 2; i < many.size(); ++i) told += status_of(many[i].read_all()) == 503;
    CHECK(told >= 1);
    CHECK(told <= 4);
}

TEST_CASE("bodies that do not end are held up to a bound, and others are served meanwhile") {
    FrontFixture fixture;
    fixture.options.held_bytes = 64U << 20U;
    fixture.handler.keeps = false;
    const auto port = fixture.start();
    const std::string head = announced("Content-Length: 1048576");
    const std::string body(1U << 20U, 'a');
    std::vector<RawClient> greedy;
    for (int i = 0; i < 64; ++i) {
        greedy.emplace_back(port);
        greedy.back().send(head);
        REQUIRE(let_in(greedy.back()));
    }
    for (int i = 0; i < 30; ++i) {
        RawClient beyond(port);
        beyond.send(head);
        const auto answer = beyond.read_response();
        CHECK(status_of(answer) == 503);
        CHECK(answer.find("Retry-After: ") != std::string::npos);
    }
    RawClient other(port, 2);
    other.send(get);
    CHECK(status_of(other.read_response()) == 200);
    greedy[0].send(body);
    CHECK(status_of(greedy[0].read_response()) == 200);
    // What was answered, and who went away, hold nothing any more.
    while (greedy.size() > 1) greedy.pop_back();
    REQUIRE(eventually([&] { return fixture.front->connections() <= 2; }));
    std::vector<RawClient> later;
    for (int i = 0; i < 64; ++i) {
        later.emplace_back(port);
        later.back().send(head);
        REQUIRE(let_in(later.back()));
    }
}

TEST_CASE("a body in chunks counts as the largest, and is given back") {
    FrontFixture fixture;
    fixture.options.body_bytes = 1000;
    fixture.options.held_bytes = 2500;
    const auto port = fixture.start();
    const std::string head = announced("Transfer-Encoding: chunked");
    RawClient first(port);
    RawClient second(port);
    second.send(head);
    REQUIRE(let_in(second));
    for (int i = 0; i < 5; ++i) {
        first.send(head);
        REQUIRE(let_in(first));
        RawClient third(port);
        third.send(head);
        CHECK(status_of(third.read_response()) == 503);
        first.send("1\r\na\r\n0\r\n\r\n");
        CHECK(status_of(first.read_response()) == 200);
    }
}

TEST_CASE("answers that nobody takes are held up to a bound") {
    const std::string large(16U << 20U, 'a');
    FrontFixture fixture;
    fixture.options.held_bytes = 64U << 20U;
    fixture.options.body_bytes = 1000;
    fixture.handler.keeps = false;
    fixture.handler.answer = [&](const Request& request, const std::stop_token&) {
        return RecordingHandler::text(request.target == "/large" ? large : "small");
    };
    const auto port = fixture.start();
    std::vector<RawClient> lazy;
    for (int i = 0; i < 20; ++i) {
        lazy.emplace_back(port);
        lazy.back().send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    const auto asked = [&] {
        RawClient client(port);
        client.send(get);
        return status_of(client.read_response());
    };
    CHECK(eventually([&] { return asked() == 503; }));
    lazy.clear();
    CHECK(eventually([&] { return asked() == 200; }));
}

TEST_CASE("what an address holds is bounded apart from what all hold") {
    hatchery::api::front::HeldBytes held(100, 25);
    const auto of = [](const char* address, bool proxy = false) {
        return hatchery::api::front::HeldBytes::Holder{.address = address, .proxy = proxy};
    };
    CHECK(held.take(of("a"), 25));
    CHECK(held.full(of("a")));
    CHECK_FALSE(held.take(of("a"), 1));
    CHECK(held.take(of("b"), 20));
    CHECK(held.take(of("proxy", true), 55));
    CHECK(held.full(of("b")));
    CHECK_FALSE(held.take(of("proxy", true), 1));
    held.give_back(of("a"), 25);
    CHECK_FALSE(held.full(of("b")));
    CHECK(held.take(of("proxy", true), 25));
    held.add(of("c"), 1000);
    held.give_back(of("c"), 1000);
    held.give_back(of("c"), 1000);
    CHECK_FALSE(held.take(of("b"), 1));
    held.give_back(of("proxy", true), 80);
    CHECK(held.take(of("b"), 5));
}

TEST_CASE("requests beyond the queue are told 503") {
    FrontFixture fixture;
    fixture.options.worker_threads = 1;
    fixture.options.queue_limit = 1;
    std::latch release(1);
    fixture.handler.answer = [&](const Request&, const std::stop_token&) {
        release.wait();
        return RecordingHandler::text("done");
    };
    const auto port = fixture.start();
    RawClient running(port);
    running.send(get);
    REQUIRE(eventually([&] { return fixture.handler.requests().size() == 1; }));
    RawClient a(port);
    RawClient b(port);
    a.send(get);
    b.send(get);
    // One of the two is queued and the other refused, whichever came first.
    REQUIRE(eventually([&] { return fixture.handler.refusals == 1; }));
    release.count_down();
    const int statuses = status_of(a.read_response()) + status_of(b.read_response());
    CHECK(statuses == 200 + 503);
    CHECK(status_of(running.read_response()) == 200);
}

TEST_CASE("a parked request costs no thread and is handed in again when woken") {
    FrontFixture fixture;
    fixture.options.worker_threads = 1;
    std::mutex mutex;
    std::vector<std::function<void()>> wakes;
    std::atomic<bool> ready{false};
    fixture.handler.answer = [&](const Request& request, const std::stop_token&) {
        if (request.target == "/" || ready) return RecordingHandler::text("answered");
        Reply reply{.bytes = {}, .stream = {}, .park = {}};
        reply.park = [&](std::function<void()> wake) {
            const std::lock_guard lock(mutex);
            wakes.push_back(std::move(wake));
        };
        return reply;
    };
    const auto port = fixture.start();
    std::vector<RawClient> waiting;
    for (int i = 0; i < 50; ++i) {
        waiting.emplace_back(port);
        waiting.back().send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    REQUIRE(eventually([&] {
        const std::lock_guard lock(mutex);
        return wakes.size() == 50;
    }));
    RawClient other(port);
    other.send(get);
    CHECK(status_of(other.read_response()) == 200);
    ready = true;
    for (const auto& wake : wakes) {
        wake();
        wake();
    }
    for (auto& client : waiting) CHECK(status_of(client.read_response()) == 200);
}

TEST_CASE("stop lets an answer go out, ends what waits, and takes at most a second or so") {
    FrontFixture fixture;
    std::atomic<int> parked{0};
    fixture.handler.answer = [&](const Request& request, const std::stop_token& stop) {
        if (request.target == "/busy") {
            std::mutex mutex;
            std::condition_variable_any asked;
            std::unique_lock lock(mutex);
            asked.wait(lock, stop, [] { return false; });
            return RecordingHandler::text("finished");
        }
        Reply reply{.bytes = {}, .stream = {}, .park = {}};
        reply.park = [&](const std::function<void()>&) { ++parked; };
        return reply;
    };
    const auto port = fixture.start();
    RawClient idle(port);
    RawClient busy(port);
    busy.send("GET /busy HTTP/1.1\r\nHost: x\r\n\r\n");
    RawClient waiting(port);
    waiting.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(eventually([&] { return fixture.handler.requests().size() == 2 && parked == 1; }));
    const auto began = std::chrono::steady_clock::now();
    fixture.front->stop();
    CHECK(std::chrono::steady_clock::now() - began < 1500ms);
    CHECK(busy.read_all().find("finished") != std::string::npos);
    CHECK(status_of(waiting.read_all()) == 503);
    CHECK(idle.read_all().empty());
    CHECK_THROWS(RawClient(port));
}

TEST_CASE("stop lets a request that is on its way come in, and answers it") {
    FrontFixture fixture;
    fixture.handler.answer = [](const Request& request, const std::stop_token& stop) {
        return RecordingHandler::text(stop.stop_requested() ? "late " + request.target
                                                            : request.target);
    };
    const auto port = fixture.start();
    RawClient half(port);
    half.send("GET /half HTTP/1.1\r\nHo");
    RawClient used(port);
    used.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(used.read_response().find("/first") != std::string::npos);
    RawClient fresh(port);
    std::jthread stopping([&] { fixture.front->stop(); });
    // Whoever is idle between two requests is closed at once, which tells that the drain is on.
    CHECK(used.read_all().empty());
    half.send("st: x\r\n\r\n");
    fresh.send("GET /fresh HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(half.read_all().find("late /half") != std::string::npos);
    CHECK(fresh.read_all().find("late /fresh") != std::string::npos);
    stopping.join();
    CHECK_THROWS(RawClient(port));
}

TEST_CASE("a port that is taken, and an address that is none, are said at start") {
    FrontFixture fixture;
    const auto port = fixture.start();
    RecordingHandler handler;
    const auto taken =
        hatchery::api::front::make_front({.listeners = {{"127.0.0.1", port}}}, handler);
    const auto started = taken->start();
    REQUIRE_FALSE(started);
    CHECK(started.error().kind == hatchery::base::ErrorKind::unavailable);
    const auto wrong = hatchery::api::front::make_front({.listeners = {{"nowhere", 0}}}, handler);
    CHECK(wrong->start().error().kind == hatchery::base::ErrorKind::invalid);
}
