#include "core/relay_policy.hpp"

#include "support/catch.hpp"

using namespace hatchery;
using base::Milliseconds;
using core::RelayAttempt;
using core::RelayVerdict;

TEST_CASE("a status decides whether an update is delivered, tried again or dead") {
    struct Row {
        int status;
        RelayVerdict verdict;
    };
    const Row rows[] = {
        {200, RelayVerdict::delivered}, {204, RelayVerdict::delivered}, {101, RelayVerdict::retry},
        {302, RelayVerdict::retry},     {400, RelayVerdict::dead},      {401, RelayVerdict::retry},
        {403, RelayVerdict::dead},      {404, RelayVerdict::retry},     {408, RelayVerdict::retry},
        {413, RelayVerdict::dead},      {425, RelayVerdict::retry},     {429, RelayVerdict::retry},
        {500, RelayVerdict::retry},     {503, RelayVerdict::retry},
    };
    for (const Row& row : rows) {
        CAPTURE(row.status);
        const auto decision = core::decide_relay({.status = row.status});
        CHECK(decision.verdict == row.verdict);
        CHECK(decision.reason.empty() == (row.verdict == RelayVerdict::delivered));
        CHECK((decision.delay.count() > 0) == (row.verdict == RelayVerdict::retry));
    }
}

TEST_CASE("every kind of error is tried again until the update is a day old") {
    for (const auto& [kind, name] : base::EnumNames<base::ErrorKind>::names) {
        CAPTURE(name);
        const base::Error error{.kind = kind, .message = "It broke."};
        const auto young = core::decide_relay(
            {.error = error, .age = core::relay_give_up_after - Milliseconds{1}});
        CHECK(young.verdict == RelayVerdict::retry);
        CHECK(young.reason == "It broke.");
        const auto old = core::decide_relay({.error = error, .age = core::relay_give_up_after});
        CHECK(old.verdict == RelayVerdict::dead);
        CHECK(old.reason == "Not delivered within 24 hours. It broke.");
    }
}

TEST_CASE("an update that is taken late is delivered all the same") {
    CHECK(core::decide_relay({.status = 200, .age = core::relay_give_up_after * 2}).verdict ==
          RelayVerdict::delivered);
}

TEST_CASE("the delay doubles to fifteen seconds, and to a minute when the bot is long away") {
    const auto delay = [](int attempts, Milliseconds age, double jitter) {
        return core::decide_relay(
                   {.status = 503, .attempts = attempts, .age = age, .jitter = jitter})
            .delay;
    };
    CHECK(delay(0, Milliseconds{0}, 0) == Milliseconds{250});
    CHECK(delay(0, Milliseconds{0}, 0.5) == Milliseconds{375});
    CHECK(delay(1, Milliseconds{0}, 0) == Milliseconds{500});
    CHECK(delay(3, Milliseconds{0}, 0) == Milliseconds{2'000});
    CHECK(delay(10, Milliseconds{0}, 0) == Milliseconds{7'500});
    CHECK(delay(1'000'000, Milliseconds{3'600'000}, 0.999) <= Milliseconds{60'000});
    CHECK(delay(1'000'000, Milliseconds{3'600'000}, 0) == Milliseconds{30'000});
}

TEST_CASE("what the other side asks for is a floor, within reason") {
    base::Error error{.kind = base::ErrorKind::rate_limited, .message = "Later."};
    error.retry_after = Milliseconds{30'000};
    CHECK(core::decide_relay({.error = error}).delay == Milliseconds{30'000});
    error.retry_after = Milliseconds{7LL * 24 * 3'600'000};
    CHECK(core::decide_relay({.error = error}).delay == Milliseconds{600'000});
}
