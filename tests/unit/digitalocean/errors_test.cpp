#include "providers/digitalocean/errors.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using base::Effect;
using base::ErrorKind;
using providers::rest::Access;
using providers::rest::CallSubject;

namespace {

constexpr CallSubject create{.what = "create the server x", .access = Access::writes};
constexpr CallSubject list{.what = "list the servers", .access = Access::reads};
const base::TimePoint now{std::chrono::seconds(1'800'000'000)};

base::Error refusal(const CallSubject& subject, const ports::HttpResponse& response) {
    return providers::digitalocean::refusal(subject, response, now);
}

ports::HttpResponse answer(int status, const std::string& id, const std::string& message) {
    return {.status = status,
            .headers = {},
            .body = R"({"id":")" + id + R"(","message":")" + message +
                    R"(","request_id":"4d9d8375-3c56-4925-a3e7-eb137fed17e9"})"};
}

std::string value_of(const base::Error& error, const std::string& key) {
    for (const auto& [name, value] : error.context) {
        if (name == key) return value;
    }
    return {};
}

}  // namespace

TEST_CASE("DigitalOcean's troubles have their kinds, by status and by words") {
    struct Row {
        int status;
        std::string id;
        std::string message;
        ErrorKind kind;
        Effect effect;
    };
    const std::string many = "unprocessable_entity";
    const std::vector<Row> rows = {
        {401, "unauthorized", "Unable to authenticate you", ErrorKind::unauthorized, Effect::none},
        {403, "forbidden", "You do not have access", ErrorKind::unauthorized, Effect::none},
        {404, "not_found", "The resource could not be found.", ErrorKind::not_found, Effect::none},
        {409, "conflict", "duplicate name", ErrorKind::conflict, Effect::none},
        {422, many, "creating this/these droplet(s) will exceed your droplet limit",
         ErrorKind::quota_exceeded, Effect::none},
        {422, many, "Size is not available in this region.", ErrorKind::out_of_stock, Effect::none},
        {422, many, "Region is currently unavailable", ErrorKind::out_of_stock, Effect::none},
        {422, many, "Droplet already has a pending event.", ErrorKind::conflict, Effect::none},
        {422, many, "SSH Key is already in use on your account", ErrorKind::conflict, Effect::none},
        {422, many, "You specified an invalid size.", ErrorKind::invalid, Effect::none},
        {429, "too_many_requests", "API Rate limit exceeded.", ErrorKind::rate_limited,
         Effect::none},
        {500, "server_error", "Unexpected server-side error", ErrorKind::unavailable,
         Effect::unknown},
        {503, "service_unavailable", "later", ErrorKind::unavailable, Effect::unknown},
        {504, "gateway_timeout", "late", ErrorKind::timeout, Effect::unknown},
    };
    for (const Row& row : rows) {
        CAPTURE(row.status, row.message);
        const auto error = refusal(create, answer(row.status, row.id, row.message));
        CHECK(error.kind == row.kind);
        CHECK(error.effect == row.effect);
        CHECK(error.code == row.id);
        CHECK(error.retry_after.has_value() == (row.kind == ErrorKind::rate_limited));
        CHECK(refusal(list, answer(row.status, row.id, row.message)).effect == Effect::none);
    }
}

TEST_CASE("a refusal keeps DigitalOcean's words and its request id") {
    const auto error = refusal(create, answer(422, "unprocessable_entity", "Name is wrong"));
    CHECK(error.message ==
          "DigitalOcean refused to create the server x: Name is wrong (unprocessable_entity).");
    CHECK(value_of(error, "words") == "Name is wrong");
    CHECK(value_of(error, "request_id") == "4d9d8375-3c56-4925-a3e7-eb137fed17e9");
    CHECK(value_of(error, "status") == "422");

    const auto gateway =
        refusal(create, {.status = 502, .headers = {{"x-request-id", "abc"}}, .body = "<html>"});
    CHECK(gateway.code == "502");
    CHECK(value_of(gateway, "request_id") == "abc");
}

TEST_CASE("a burst is waited out as told, and an hour until its oldest request has left") {
    ports::HttpResponse burst = answer(429, "too_many_requests", "slow down");
    burst.headers = {{"retry-after", "23"}, {"ratelimit-reset", "1800003000"}};
    CHECK(refusal(create, burst).retry_after == 23s);
    ports::HttpResponse hour = answer(429, "too_many_requests", "slow down");
    hour.headers = {{"ratelimit-reset", "1800000007"}};
    CHECK(refusal(create, hour).retry_after == 7s);
    hour.headers = {{"ratelimit-reset", "1800003000"}};
    CHECK(refusal(create, hour).retry_after == 60s);
    hour.headers = {{"ratelimit-reset", "17"}};
    CHECK(refusal(create, hour).retry_after == 1s);
    hour.headers = {{"ratelimit-reset", "2041880150000000"}};
    CHECK(refusal(create, hour).retry_after == 1s);
    CHECK(refusal(create, answer(429, "x", "y")).retry_after == 1s);
}
