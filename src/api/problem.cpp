#include "api/problem.hpp"

#include <algorithm>
#include <array>

#include "base/json_value.hpp"

namespace hatchery::api {

namespace {

struct StatusWords {
    int status;
    std::string_view phrase;
    std::string_view code;
};

constexpr auto status_words = std::to_array<StatusWords>({
    {200, "OK", ""},
    {201, "Created", ""},
    {202, "Accepted", ""},
    {204, "No Content", ""},
    {302, "Found", ""},
    {303, "See Other", ""},
    {400, "Bad Request", "invalid_input"},
    {401, "Unauthorized", "unauthorized"},
    {402, "Payment Required", "forbidden"},
    {403, "Forbidden", "forbidden"},
    {404, "Not Found", "not_found"},
    {405, "Method Not Allowed", "invalid_input"},
    {408, "Request Timeout", "invalid_input"},
    {409, "Conflict", "conflict"},
    {412, "Precondition Failed", "conflict"},
    {413, "Content Too Large", "invalid_input"},
    {414, "URI Too Long", "invalid_input"},
    {415, "Unsupported Media Type", "invalid_input"},
    {417, "Expectation Failed", "invalid_input"},
    {422, "Unprocessable Content", "invalid_input"},
    {429, "Too Many Requests", "rate_limited"},
    {431, "Request Header Fields Too Large", "invalid_input"},
    {500, "Internal Server Error", "internal"},
    {501, "Not Implemented", "invalid_input"},
    {502, "Bad Gateway", "not_ready"},
    {503, "Service Unavailable", "not_ready"},
    {504, "Gateway Timeout", "not_ready"},
    {505, "HTTP Version Not Supported", "invalid_input"},
});

std::string_view code_of(int status) {
    const auto* found = std::find_if(status_words.begin(), status_words.end(),
                                     [&](const auto& words) { return words.status == status; });
    return found == status_words.end() ? "internal" : found->code;
}

}  // namespace

int whole_seconds(std::chrono::milliseconds time) {
    return static_cast<int>(std::max<long long>(1, (time.count() + 999) / 1000));
}

std::string_view status_phrase(int status) {
    const auto* found = std::find_if(status_words.begin(), status_words.end(),
                                     [&](const auto& words) { return words.status == status; });
    return found == status_words.end() ? "Error" : found->phrase;
}

std::string problem_body(const Problem& problem, const std::string& request_id) {
    base::Json body = {{"type", "urn:hatchery:problem:" + problem.code},
                       {"title", std::string(status_phrase(problem.status))},
                       {"status", problem.status},
                       {"detail", problem.detail},
                       {"code", problem.code},
                       {"requestId", request_id}};
    if (!problem.next_action.empty()) body["nextAction"] = problem.next_action;
    if (!problem.errors.empty()) {
        base::Json errors = base::Json::array();
        for (const auto& error : problem.errors) {
            errors.push_back({{"field", error.field}, {"message", error.message}});
        }
        body["errors"] = std::move(errors);
    }
    for (const auto& [key, value] : problem.extra) body[key] = value;
    return base::dump_json(body);
}

Problem problem_of_status(int status, std::string detail) {
    return {.status = status, .code = std::string(code_of(status)), .detail = std::move(detail)};
}

Problem problem_of_error(const base::Error& error) {
    using base::ErrorKind;
    Problem problem{.detail = error.message, .next_action = error.next_action};
    const auto is = [&](int status, std::string_view code) {
        problem.status = status;
        problem.code = code;
    };
    switch (error.kind) {
        case ErrorKind::out_of_stock:
            is(409, "out_of_stock");
            break;
        case ErrorKind::quota_exceeded:
            is(403, "quota_exceeded");
            break;
        case ErrorKind::rate_limited:
            is(429, "rate_limited");
            break;
        case ErrorKind::not_found:
            is(404, "not_found");
            break;
        case ErrorKind::conflict:
            is(409, "conflict");
            break;
        case ErrorKind::invalid:
            is(422, "invalid_input");
            break;
        case ErrorKind::unavailable:
        case ErrorKind::timeout:
        case ErrorKind::cancelled:
        case ErrorKind::bad_response:
            is(503, "not_ready");
            break;
        // What another service thinks of our own credentials is not the caller's 401.
        case ErrorKind::unauthorized:
        case ErrorKind::internal:
            is(500, "internal");
            problem.log_detail =
                error.message + (error.code.empty() ? "" : " [" + error.code + "]");
            problem.detail =
                "Something went wrong inside Hatchery; the request id finds it in the log.";
            problem.next_action.clear();
            break;
    }
    problem.effect_unknown = error.effect == base::Effect::unknown;
    if (error.retry_after) problem.retry_after_s = whole_seconds(*error.retry_after);
    if (problem.status == 503 && !problem.retry_after_s) problem.retry_after_s = 2;
    return problem;
}

}  // namespace hatchery::api
