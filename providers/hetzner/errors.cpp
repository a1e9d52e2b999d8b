#include "providers/hetzner/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json_value.hpp"
#include "ports/header_number.hpp"
#include "providers/rest/errors.hpp"

namespace hatchery::providers::hetzner {

namespace {

using base::Effect;
using base::Error;
using base::ErrorKind;

constexpr std::chrono::milliseconds longest_retry_after{60'000};

struct CodeRule {
    std::string_view code;
    ErrorKind kind;
};

/// docs.hetzner.cloud, "Errors", and the errors listed with the calls that we make. What is absent
/// is judged by its status.
constexpr auto code_rules = std::to_array<CodeRule>({
    {"unauthorized", ErrorKind::unauthorized},
    {"token_readonly", ErrorKind::unauthorized},
    {"forbidden", ErrorKind::unauthorized},
    {"maintenance", ErrorKind::unavailable},
    {"resource_limit_exceeded", ErrorKind::quota_exceeded},
    {"not_found", ErrorKind::not_found},
    {"uniqueness_error", ErrorKind::conflict},
    {"conflict", ErrorKind::conflict},
    {"locked", ErrorKind::conflict},
    {"resource_in_use", ErrorKind::conflict},
    // Waiting does not take a protection away.
    {"protected", ErrorKind::invalid},
    {"resource_unavailable", ErrorKind::out_of_stock},
    {"placement_error", ErrorKind::out_of_stock},
    {"no_space_left_in_location", ErrorKind::out_of_stock},
    {"invalid_input", ErrorKind::invalid},
    {"json_error", ErrorKind::invalid},
    {"unsupported_error", ErrorKind::invalid},
    {"invalid_server_type", ErrorKind::invalid},
    {"deprecated_api_endpoint", ErrorKind::invalid},
    {"method_not_allowed", ErrorKind::invalid},
    {"rate_limit_exceeded", ErrorKind::rate_limited},
    {"service_error", ErrorKind::unavailable},
    {"server_error", ErrorKind::unavailable},
    {"bad_gateway", ErrorKind::unavailable},
    {"unavailable", ErrorKind::unavailable},
    {"timeout", ErrorKind::timeout},
});

ErrorKind kind_of(std::string_view code, int status) {
    const auto* const rule = std::ranges::find(code_rules, code, &CodeRule::code);
    return rule == code_rules.end() ? rest::kind_of_status(status) : rule->kind;
}

/// A refusal with a 4xx status changed nothing, except where the words say that something broke
/// on the way.
Effect effect_of(std::string_view code, int status) {
    const bool broke = status < 400 || status >= 500 || status == 408 || code == "service_error";
    return broke ? Effect::unknown : Effect::none;
}

std::string_view next_action_of(std::string_view code, ErrorKind kind) {
    if (code == "token_readonly") {
        return "Create an API token with read and write permission in Hetzner's console and set "
               "HETZNER_API_TOKEN to it.";
    }
    if (code == "protected")
        return "Take the server's delete protection away in Hetzner's console.";
    if (kind == ErrorKind::unauthorized) {
        return "Tell the operator to check HETZNER_API_TOKEN: it must be a valid token of this "
               "project with read and write permission.";
    }
    if (kind == ErrorKind::quota_exceeded) {
        return "Tell the operator: Hetzner's console takes a request for a higher limit, or "
               "servers "
               "must be deleted.";
    }
    if (kind == ErrorKind::out_of_stock) return "Choose another server type or region.";
    return {};
}

/// The budget refills continuously, so the next request is possible after one refill. The header
/// RateLimit-Reset names the time of full recovery: waiting for it would idle for up to an hour.
std::chrono::milliseconds retry_after_of(const ports::HttpResponse& response) {
    const long long told_s = ports::header_number(response, "retry-after").value_or(0);
    if (told_s > 0) {
        return std::min<std::chrono::milliseconds>(std::chrono::seconds(std::min(told_s, 3'600LL)),
                                                   longest_retry_after);
    }
    const long long limit = ports::header_number(response, "ratelimit-limit").value_or(0);
    if (limit <= 0) return std::chrono::seconds(1);
    const std::chrono::milliseconds one_refill{3'600'000 / limit};
    return std::clamp(one_refill, std::chrono::milliseconds(1'000), longest_retry_after);
}

/// Names of the fields that the provider found wrong: `details.fields[].name`.
std::string wrong_fields(const base::Json& error) {
    const base::Json& fields = base::json_member(base::json_member(error, "details"), "fields");
    std::string names;
    if (!fields.is_array()) return names;
    for (const base::Json& field : fields) {
        const std::string name = base::json_string(field, "name");
        if (!name.empty()) names += (names.empty() ? "" : ", ") + name;
    }
    return rest::shortened(std::move(names));
}

}  // namespace

Error refusal(const rest::CallSubject& subject, const ports::HttpResponse& response,
              base::TimePoint) {
    const auto answer = base::parse_json(response.body);
    const base::Json said = answer ? base::json_member(*answer, "error") : base::Json();
    rest::Refusal refusal{.provider = "Hetzner",
                          .code = base::json_string(said, "code"),
                          .words = base::json_string(said, "message")};
    const auto id = response.headers.find("x-correlation-id");
    if (id != response.headers.end()) refusal.request_id = id->second;
    refusal.kind = kind_of(refusal.code, response.status);
    refusal.effect = effect_of(refusal.code, response.status);
    refusal.next_action = next_action_of(refusal.code, refusal.kind);
    Error error = rest::refused(subject, response, refusal);
    if (error.kind == ErrorKind::rate_limited) error.retry_after = retry_after_of(response);
    const std::string fields = wrong_fields(said);
    if (!fields.empty()) error.context.emplace_back("fields", fields);
    return error;
}

Error action_failure(const base::Json& action) {
    const base::Json& said = base::json_member(action, "error");
    Error error{.effect = Effect::none};
    error.code = rest::shortened(base::json_string(said, "code", "unknown_error"));
    // What is not in the table broke on their side.
    error.kind = kind_of(error.code, 500);
    const std::string words = rest::shortened(base::json_string(said, "message"));
    error.message = fmt::format("Hetzner took the order and then failed to carry out {}: {} ({}).",
                                base::json_string(action, "command", "it"),
                                words.empty() ? "no reason given" : words, error.code);
    error.next_action = next_action_of(error.code, error.kind);
    if (error.next_action.empty()) {
        error.next_action = "Wait: it is tried again, or choose another region.";
    }
    return error;
}

}  // namespace hatchery::providers::hetzner
