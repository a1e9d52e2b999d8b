#include "core/retry.hpp"

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

TEST_CASE("delays double from the first to the longest, and jitter takes at most half away") {
    const core::RetryPolicy policy{.first_delay = 1s, .max_delay = 60s};
    const base::Error error{.kind = base::ErrorKind::unavailable};
    REQUIRE(core::retry_delay(policy, 1, error, 0.0) == 500ms);
    REQUIRE(core::retry_delay(policy, 1, error, 0.999) < 1s);
    REQUIRE(core::retry_delay(policy, 4, error, 0.0) == 4s);
    REQUIRE(core::retry_delay(policy, 30, error, 0.0) == 30s);
    REQUIRE(core::retry_delay(policy, 1'000'000, error, 0.999) <= 60s);
}

TEST_CASE("the other side's wish is a floor") {
    base::Error error{.kind = base::ErrorKind::rate_limited};
    error.retry_after = 90s;
    REQUIRE(core::retry_delay({}, 1, error, 0.5) == 90s);
}

TEST_CASE("what only a person can mend is not tried again") {
    using base::ErrorKind;
    for (const auto kind : {ErrorKind::quota_exceeded, ErrorKind::unauthorized,
                            ErrorKind::not_found, ErrorKind::invalid}) {
        REQUIRE_FALSE(core::is_retryable(kind));
    }
    for (const auto kind : {ErrorKind::out_of_stock, ErrorKind::rate_limited, ErrorKind::conflict,
                            ErrorKind::unavailable, ErrorKind::timeout, ErrorKind::bad_response}) {
        REQUIRE(core::is_retryable(kind));
    }
}
