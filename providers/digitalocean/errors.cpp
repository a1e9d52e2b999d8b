#include "providers/digitalocean/errors.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "base/json_value.hpp"
#include "base/unix_time.hpp"
#include "ports/header_number.hpp"
#include "providers/rest/errors.hpp"

namespace hatchery::providers::digitalocean {

namespace {

using base::Effect;
using base::ErrorKind;
using std::chrono::milliseconds;

constexpr milliseconds shortest_wait{1'000};
constexpr milliseconds longest_wait{60'000};

struct WordRule {
    std::string_view words;
    ErrorKind kind;
};

/// What a 403, 409 or 422 means, in lower case; the first that is found counts.
constexpr auto word_rules = std::to_array<WordRule>({
    {"will exceed your droplet limit", ErrorKind::quota_exceeded},
    {"droplet limit", ErrorKind::quota_exceeded},
    {"limit has been reached", ErrorKind::quota_exceeded},
    {"pending event", ErrorKind::conflict},
    {"already in progress", ErrorKind::conflict},
    {"already in use", ErrorKind::conflict},
    {"duplicate name", ErrorKind::conflict},
    {"not available in this region", ErrorKind::out_of_stock},
    {"currently unavailable", ErrorKind::out_of_stock},
    {"currently not available", ErrorKind::out_of_stock},
    {"temporarily unavailable", ErrorKind::out_of_stock},
    {"currently disabled", ErrorKind::out_of_stock},
    {"out of capacity", ErrorKind::out_of_stock},
    {"at capacity", ErrorKind::out_of_stock},
    {"region is not available", ErrorKind::out_of_stock},
    {"size is not available", ErrorKind::out_of_stock},
});

std::string lower_case(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

ErrorKind kind_of(int status, const std::string& words) {
    if (status == 403 || status == 409 || status == 422) {
        const std::string said = lower_case(words);
        for (const WordRule& rule : word_rules) {
            if (said.find(rule.words) != std::string::npos) return rule.kind;
        }
    }
    return rest::kind_of_status(status);
}

std::string_view next_action_of(ErrorKind kind) {
    if (kind == ErrorKind::unauthorized) {
        return "Tell the operator to check DIGITALOCEAN_API_TOKEN: it must be a valid token of "
               "this account with read and write scopes.";
    }
    if (kind == ErrorKind::quota_exceeded) {
        return "Tell the operator: DigitalOcean's console takes a request for a higher Droplet "
               "limit, or servers must be deleted.";
    }
    if (kind == ErrorKind::out_of_stock) return "Choose another server type or region.";
    return {};
}

/// A burst says when to come again. The hour is a sliding window, whose header names the moment at
/// which its oldest request leaves it.
milliseconds retry_after_of(const ports::HttpResponse& response, base::TimePoint now) {
    milliseconds wait = shortest_wait;
    if (const auto told = ports::header_number(response, "retry-after")) {
        wait = std::chrono::seconds(std::clamp(*told, 0LL, 3'600LL));
    } else if (const auto reset = ports::header_number(response, "ratelimit-reset")) {
        const auto then = base::time_of_unix_seconds(*reset);
        if (then) wait = std::chrono::duration_cast<milliseconds>(*then - now);
    }
    return std::clamp(wait, shortest_wait, longest_wait);
}

}  // namespace

base::Error refusal(const rest::CallSubject& subject, const ports::HttpResponse& response,
                    base::TimePoint now) {
    const auto answer = base::parse_json(response.body);
    const base::Json said = answer ? *answer : base::Json();
    rest::Refusal refusal{.provider = "DigitalOcean",
                          .code = base::json_string(said, "id"),
                          .words = base::json_string(said, "message"),
                          .request_id = base::json_string(said, "request_id")};
    const auto header = response.headers.find("x-request-id");
    if (refusal.request_id.empty() && header != response.headers.end()) {
        refusal.request_id = header->second;
    }
    refusal.kind = kind_of(response.status, refusal.words);
    // A refusal with a 4xx status changed nothing.
    const bool broke = response.status < 400 || response.status >= 500 || response.status == 408;
    refusal.effect = broke ? Effect::unknown : Effect::none;
    refusal.next_action = next_action_of(refusal.kind);
    base::Error error = rest::refused(subject, response, refusal);
    if (error.kind == ErrorKind::rate_limited) error.retry_after = retry_after_of(response, now);
    return error;
}

}  // namespace hatchery::providers::digitalocean
