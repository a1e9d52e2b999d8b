#include "providers/hetzner/errors.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace hatchery;
using base::Effect;
using base::ErrorKind;
using providers::rest::Access;
using providers::rest::CallSubject;

namespace {

base::Error refusal(const CallSubject& subject, const ports::HttpResponse& response) {
    return providers::hetzner::refusal(subject, response, {});
}

ports::HttpResponse answer(int status, const std::string& code, const std::string& message) {
    return {.status = status,
            .headers = {},
            .body = R"({"error":{"code":")" + code + R"(","message":")" + message +
                    R"(","details":null}})"};
}

constexpr CallSubject create{.what = "create the server x", .access = Access::writes};
constexpr CallSubject list{.what = "list the servers", .access = Access::reads};

std::string value_of(const base::Error& error, const std::string& key) {
    for (const auto& [name, value] : error.context) {
        if (name == key) return value;
    }
    return {};
}

}  // namespace

TEST_CASE("every error code of Hetzner has its kind and its effect") {
    struct Row {
        int status;
        std::string code;
        ErrorKind kind;
        Effect effect;
    };
    const std::vector<Row> rows = {
        {401, "unauthorized", ErrorKind::unauthorized, Effect::none},
        {401, "token_readonly", ErrorKind::unauthorized, Effect::none},
        {403, "forbidden", ErrorKind::unauthorized, Effect::none},
        {403, "maintenance", ErrorKind::unavailable, Effect::none},
        {403, "resource_limit_exceeded", ErrorKind::quota_exceeded, Effect::none},
        {404, "not_found", ErrorKind::not_found, Effect::none},
        {405, "method_not_allowed", ErrorKind::invalid, Effect::none},
        {409, "uniqueness_error", ErrorKind::conflict, Effect::none},
        {409, "conflict", ErrorKind::conflict, Effect::none},
        {410, "deprecated_api_endpoint", ErrorKind::invalid, Effect::none},
        {412, "resource_unavailable", ErrorKind::out_of_stock, Effect::none},
        {422, "placement_error", ErrorKind::out_of_stock, Effect::none},
        {422, "no_space_left_in_location", ErrorKind::out_of_stock, Effect::none},
        {422, "invalid_input", ErrorKind::invalid, Effect::none},
        {422, "unsupported_error", ErrorKind::invalid, Effect::none},
        {422, "invalid_server_type", ErrorKind::invalid, Effect::none},
        {422, "resource_in_use", ErrorKind::conflict, Effect::none},
        {422, "service_error", ErrorKind::unavailable, Effect::unknown},
        {423, "locked", ErrorKind::conflict, Effect::none},
        {423, "protected", ErrorKind::invalid, Effect::none},
        {429, "rate_limit_exceeded", ErrorKind::rate_limited, Effect::none},
        {500, "server_error", ErrorKind::unavailable, Effect::unknown},
        {502, "bad_gateway", ErrorKind::unavailable, Effect::unknown},
        {503, "unavailable", ErrorKind::unavailable, Effect::unknown},
        {504, "timeout", ErrorKind::timeout, Effect::unknown},
        {400, "json_error", ErrorKind::invalid, Effect::none},
        {422, "a_code_of_tomorrow", ErrorKind::invalid, Effect::none},
        {599, "a_code_of_tomorrow", ErrorKind::unavailable, Effect::unknown},
    };
    for (const Row& row : rows) {
        CAPTURE(row.status, row.code);
        const auto error = refusal(create, answer(row.status, row.code, "words"));
        CHECK(error.kind == row.kind);
        CHECK(error.effect == row.effect);
        CHECK(error.code == row.code);
        CHECK(refusal(list, answer(row.status, row.code, "words")).effect == Effect::none);
    }
}

TEST_CASE("an answer without JSON is judged by its status") {
    const ports::HttpResponse gateway{.status = 502, .headers = {}, .body = "<html>Bad Gateway"};
    const auto error = refusal(create, gateway);
    CHECK(error.kind == ErrorKind::unavailable);
    CHECK(error.effect == Effect::unknown);
    CHECK(error.code == "502");
    CHECK(refusal(create, {.status = 302, .headers = {}, .body = ""}).effect == Effect::unknown);
    CHECK(refusal(create, {.status = 429, .headers = {}, .body = "[]"}).retry_after.has_value());
}

TEST_CASE("the provider's words and request id are kept") {
    auto response = answer(422, "invalid_input", "invalid input in field 'image'");
    response.headers["x-correlation-id"] = "6a7b8c";
    response.body =
        R"({"error":{"code":"invalid_input","message":"invalid input in field 'image'",)"
        R"("details":{"fields":[{"name":"image","messages":["not there"]}]}}})";
    const auto error = refusal(create, response);
    CHECK(error.message ==
          "Hetzner refused to create the server x: invalid input in field 'image' "
          "(invalid_input).");
    CHECK(value_of(error, "request_id") == "6a7b8c");
    CHECK(value_of(error, "status") == "422");
    CHECK(value_of(error, "fields") == "image");
}

TEST_CASE("a rate limit waits for one refill, never for the full recovery") {
    using std::chrono::milliseconds;
    auto response = answer(429, "rate_limit_exceeded", "limit of 3600 requests per hour reached");
    response.headers["ratelimit-limit"] = "3600";
    response.headers["ratelimit-remaining"] = "0";
    response.headers["ratelimit-reset"] = "1893456000";
    CHECK(refusal(create, response).retry_after == milliseconds(1'000));
    response.headers["ratelimit-limit"] = "360";
    CHECK(refusal(create, response).retry_after == milliseconds(10'000));
    response.headers["ratelimit-limit"] = "1";
    CHECK(refusal(create, response).retry_after == milliseconds(60'000));
    response.headers["ratelimit-limit"] = "nonsense";
    CHECK(refusal(create, response).retry_after == milliseconds(1'000));
    response.headers["retry-after"] = "7";
    CHECK(refusal(create, response).retry_after == milliseconds(7'000));
}

TEST_CASE("a read-only token says what to do about it") {
    const auto error = refusal(create, answer(401, "token_readonly", "token is read only"));
    CHECK(error.next_action.find("read and write") != std::string::npos);
}

TEST_CASE("overlong and malformed words are cut to valid text") {
    const auto error = refusal(create, answer(500, "server_error", std::string(5'000, 'x')));
    CHECK(error.message.size() < 500);
}
