// What every HttpTransport promises, checked against libcurl's and the fake alike.

#include <deque>
#include <mutex>

#include "net/curl_transport.hpp"
#include "support/catch.hpp"
#include "support/fake_http_transport.hpp"
#include "support/net/http_test_server.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using base::Effect;
using base::ErrorKind;
using Headers = std::map<std::string, std::string>;

namespace {

/// The real transport and a server on loopback that says what it is told to.
class CurlWorld {
public:
    void answer_next(int status, const Headers& headers, const std::string& body) {
        const std::scoped_lock lock(mutex_);
        script_.push_back(support::wire_answer(status, headers, body));
    }
    ports::HttpTransport& transport() { return *transport_; }
    std::string url() const { return server_.url(); }
    std::size_t requests_seen() const { return server_.requests().size(); }

private:
    std::mutex mutex_;
    std::deque<support::WireAnswer> script_;
    support::HttpTestServer server_{[this](const support::SeenRequest&) {
        const std::scoped_lock lock(mutex_);
        if (script_.empty()) return support::wire_answer(404, {}, "");
        auto answer = script_.front();
        script_.pop_front();
        return answer;
    }};
    std::unique_ptr<ports::HttpTransport> transport_ = net::make_curl_transport();
};

class FakeWorld {
public:
    void answer_next(int status, const Headers& headers, const std::string& body) {
        transport_.answer_next({.status = status, .headers = headers, .body = body});
    }
    ports::HttpTransport& transport() { return transport_; }
    static std::string url() { return "http://fake.test"; }
    std::size_t requests_seen() const { return transport_.requests().size(); }

private:
    support::FakeHttpTransport transport_;
};

}  // namespace

TEMPLATE_TEST_CASE("a status of any kind is an answer, not an error", "", CurlWorld, FakeWorld) {
    TestType world;
    for (const int status : {200, 204, 302, 404, 422, 500, 503}) {
        CAPTURE(status);
        world.answer_next(status, {{"Location", "http://127.0.0.1:1/elsewhere"}}, "");
        const auto response =
            world.transport().send({.url = world.url() + "/x"}, base::Call::within(10s));
        REQUIRE(response);
        CHECK(response->status == status);
    }
    CHECK(world.requests_seen() == 7);
}

TEMPLATE_TEST_CASE("header names come in lower case and the body whole", "", CurlWorld, FakeWorld) {
    TestType world;
    const std::string body("a\0b\xff", 4);
    world.answer_next(200, {{"X-Some-Header", "Its Value"}}, body);
    const auto response =
        world.transport().send({.url = world.url() + "/x"}, base::Call::within(10s));
    REQUIRE(response);
    CHECK(response->headers.at("x-some-header") == "Its Value");
    CHECK(response->body == body);
}

TEMPLATE_TEST_CASE("an answer over the limit is refused", "", CurlWorld, FakeWorld) {
    TestType world;
    world.answer_next(200, {}, std::string(1'000, 'x'));
    world.answer_next(200, {}, std::string(1'001, 'x'));
    const ports::HttpRequest request{.url = world.url() + "/x", .max_response_bytes = 1'000};
    CHECK(world.transport().send(request, base::Call::within(10s)));
    const auto response = world.transport().send(request, base::Call::within(10s));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::bad_response);
    CHECK(response.error().effect == Effect::unknown);
}

TEMPLATE_TEST_CASE("nothing is sent after the deadline or a stop", "", CurlWorld, FakeWorld) {
    TestType world;
    const auto late = world.transport().send({.url = world.url() + "/x"}, base::Call::within(0ms));
    REQUIRE_FALSE(late);
    CHECK(late.error().kind == ErrorKind::timeout);
    CHECK(late.error().effect == Effect::none);

    std::stop_source stop;
    stop.request_stop();
    const auto stopped = world.transport().send({.url = world.url() + "/x"},
                                                base::Call::within(10s, stop.get_token()));
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().kind == ErrorKind::cancelled);
    CHECK(stopped.error().effect == Effect::none);
    CHECK(world.requests_seen() == 0);
}

TEMPLATE_TEST_CASE("a URL of another scheme is invalid", "", CurlWorld, FakeWorld) {
    TestType world;
    for (const char* url : {"", "ftp://127.0.0.1/x", "file:///etc/passwd", "127.0.0.1/x"}) {
        CAPTURE(url);
        const auto response = world.transport().send({.url = url}, base::Call::within(10s));
        REQUIRE_FALSE(response);
        CHECK(response.error().kind == ErrorKind::invalid);
        CHECK(response.error().effect == Effect::none);
    }
}

TEMPLATE_TEST_CASE("no error text holds a secret", "", CurlWorld, FakeWorld) {
    TestType world;
    world.answer_next(200, {}, std::string(100, 'x'));
    const ports::HttpRequest request{.url = world.url() + "/bot{secret}/getMe?q=1",
                                     .url_secret = base::Secret("42:url-secret"),
                                     .bearer = base::Secret("bearer-secret"),
                                     .secret_headers = {{"X-Key", base::Secret("key-secret")}},
                                     .max_response_bytes = 10};
    const auto response = world.transport().send(request, base::Call::within(10s));
    REQUIRE_FALSE(response);
    CHECK(response.error().message.find("/bot{secret}/getMe") != std::string::npos);
    CHECK(response.error().message.find("-secret") == std::string::npos);
}
