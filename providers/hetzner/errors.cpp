#include "providers/hetzner/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.hpp"
#include "base/json_value.hpp"

namespace hatchery::providers::hetzner {

namespace {

using base::Effect;
using base::Error;
using base::ErrorKind;

constexpr std::size_t longest_words = 300;
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

ErrorKind kind_of_status(int status) {
    switch (status) {
        case 401:
        case 403:
            return ErrorKind::unauthorized;
        case 404:
            return ErrorKind::not_found;
        case 408:
        case 504:
            return ErrorKind::timeout;
        case 409:
        case 423:
            return ErrorKind::conflict;
        case 412:
            return ErrorKind::out_of_stock;
        case 429:
            return ErrorKind::rate_limited;
        default:
            break;
    }
    if (status >= 500) return ErrorKind::unavailable;
    return status >= 400 ? ErrorKind::invalid : ErrorKind::bad_response;
}

ErrorKind kind_of(std::string_view code, int status) {
    const auto* const rule = std::ranges::find(code_rules, code, &CodeRule::code);
    return rule == code_rules.end() ? kind_of_status(status) : rule->kind;
}

/// A refusal with a 4xx status changed nothing, except where the words say that something broke
/// on the way.
Effect effect_of(Access access, std::string_view code, int status) {
    if (access == Access::reads) return Effect::none;
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
        return "Check HETZNER_API_TOKEN: it must be a valid token of this project with read and "
               "write permission.";
    }
    if (kind == ErrorKind::quota_exceeded) {
        return "Ask Hetzner for a higher limit in its console, or delete servers.";
    }
    if (kind == ErrorKind::out_of_stock) return "Choose another server type or region.";
    return {};
}

long long header_number(const ports::HttpResponse& response, const std::string& name) {
    long long value = -1;
    const auto found = response.headers.find(name);
    if (found != response.headers.end()) {
        const std::string& text = found->second;
        std::from_chars(text.data(), text.data() + text.size(), value);
    }
    return value;
}

/// The budget refills continuously, so the next request is possible after one refill. The header
/// RateLimit-Reset names the time of full recovery: waiting for it would idle for up to an hour.
std::chrono::milliseconds retry_after_of(const ports::HttpResponse& response) {
    const long long told_s = header_number(response, "retry-after");
    if (told_s > 0) {
        return std::min<std::chrono::milliseconds>(std::chrono::seconds(std::min(told_s, 3'600LL)),
                                                   longest_retry_after);
    }
    const long long limit = header_number(response, "ratelimit-limit");
    if (limit <= 0) return std::chrono::seconds(1);
    const std::chrono::milliseconds one_refill{3'600'000 / limit};
    return std::clamp(one_refill, std::chrono::milliseconds(1'000), longest_retry_after);
}

std::string shortened(std::string text) {
    text = base::to_utf8(text);
    if (text.size() <= longest_words) return text;
    return base::to_utf8(text.substr(0, longest_words)) + "…";
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
    return shortened(std::move(names));
}

void add_request_facts(Error& error, const ports::HttpResponse& response) {
    error.context.emplace_back("status", std::to_string(response.status));
    const auto id = response.headers.find("x-correlation-id");
    if (id != response.headers.end()) {
        error.context.emplace_back("request_id", shortened(id->second));
    }
}

}  // namespace

Error refusal(const CallSubject& subject, const ports::HttpResponse& response) {
    const auto answer = base::parse_json(response.body);
    const base::Json said = answer ? base::json_member(*answer, "error") : base::Json();
    const std::string code = shortened(base::json_string(said, "code"));
    const std::string words = shortened(base::json_string(said, "message"));

    Error error;
    error.kind = kind_of(code, response.status);
    error.effect = effect_of(subject.access, code, response.status);
    error.code = code.empty() ? std::to_string(response.status) : code;
    error.message = fmt::format("Hetzner refused to {}: {} ({}).", subject.what,
                                words.empty() ? "no reason given" : words, error.code);
    error.next_action = next_action_of(code, error.kind);
    if (error.kind == ErrorKind::rate_limited) error.retry_after = retry_after_of(response);
    add_request_facts(error, response);
    if (!words.empty()) error.context.emplace_back("words", words);
    const std::string fields = wrong_fields(said);
    if (!fields.empty()) error.context.emplace_back("fields", fields);
    return error;
}

Error nonsense(const CallSubject& subject, const ports::HttpResponse& response) {
    Error error;
    error.kind = ErrorKind::bad_response;
    error.effect = subject.access == Access::reads ? Effect::none : Effect::unknown;
    error.code = std::to_string(response.status);
    error.message = fmt::format("Hetzner's answer to \"{}\" makes no sense.", subject.what);
    add_request_facts(error, response);
    return error;
}

Error transport_failure(const CallSubject& subject, Error error) {
    if (subject.access == Access::reads) error.effect = Effect::none;
    error.message =
        fmt::format("Hetzner could not be asked to {}: {}.", subject.what, error.message);
    return error;
}

}  // namespace hatchery::providers::hetzner
