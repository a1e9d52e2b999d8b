#include "sandbox/digitalocean/rate_window.hpp"

#include "support/catch.hpp"

using hatchery::sandbox::ocean::RateWindow;
using namespace std::chrono_literals;
using Verdict = RateWindow::Verdict;

namespace {

const RateWindow::Clock::time_point start{1'800'000'000s};

}  // namespace

TEST_CASE("250 requests fit into a minute, and the next when the oldest is a minute old") {
    RateWindow window;
    for (int i = 0; i < 250; ++i) {
        REQUIRE(window.take(start + i * 100ms) == Verdict::allowed);
    }
    CHECK(window.take(start + 30s) == Verdict::minute_used_up);
    CHECK(window.minute_frees_in(start + 30s) == 30);
    CHECK(window.take(start + 60s + 1ms) == Verdict::allowed);
}

TEST_CASE("an hour's requests leave the window one by one") {
    RateWindow window(3, 3, 100, start);
    for (int i = 0; i < 3; ++i) {
        REQUIRE(window.take(start + i * 10s) == Verdict::allowed);
    }
    CHECK(window.remaining() == 0);
    CHECK(window.take(start + 60s) == Verdict::hour_used_up);
    CHECK(window.reset(start + 60s) == 1'800'003'600);
    CHECK(window.take(start + 3'600s) == Verdict::allowed);
    CHECK(window.take(start + 3'605s) == Verdict::hour_used_up);
}

TEST_CASE("requests that were only said to have been sent count for the hour alone") {
    RateWindow window(1000, 10, 250, start);
    CHECK(window.remaining() == 10);
    CHECK(window.take(start) == Verdict::allowed);
    CHECK(window.remaining() == 9);
}
