#include "core/relay_policy.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hatchery::core {

namespace {

constexpr base::Milliseconds first_delay{500};
constexpr base::Milliseconds usual_max_delay{15'000};
/// A bot that has been away for so long is asked less often.
constexpr base::Milliseconds long_age{60 * 60 * 1000};
constexpr base::Milliseconds patient_max_delay{60'000};
/// What the other side may ask for at most; a nonsensical Retry-After must not silence a chat.
constexpr base::Milliseconds longest_asked{10 * 60 * 1000};

enum class Class : std::uint8_t { delivered, passing, final };

Class classify(int status) {
    if (status >= 200 && status < 300) return Class::delivered;
    // 401: the secret was just changed; 404: the listener is not there yet; 408, 425 and 429 mean
    // "later" by their definition (RFC 9110, 8470, 6585).
    const bool later =
        status == 401 || status == 404 || status == 408 || status == 425 || status == 429;
    if (status >= 400 && status < 500 && !later) return Class::final;
    return Class::passing;
}

base::Milliseconds backoff(const RelayAttempt& attempt) {
    const auto most = attempt.age >= long_age ? patient_max_delay : usual_max_delay;
    const int doublings = std::clamp(attempt.attempts, 0, 20);
    const auto full = std::min(most, base::Milliseconds(first_delay.count() << doublings));
    const auto half = full / 2;
    const auto chosen = half + base::Milliseconds(static_cast<long long>(
                                   static_cast<double>(half.count()) * attempt.jitter));
    const auto asked = attempt.error ? attempt.error->retry_after.value_or(base::Milliseconds{0})
                                     : base::Milliseconds{0};
    return std::max(chosen, std::min(asked, longest_asked));
}

std::string describe(const RelayAttempt& attempt) {
    if (attempt.status) {
        return fmt::format("The bot's server answered with status {}.", *attempt.status);
    }
    if (attempt.error && !attempt.error->message.empty()) return attempt.error->message;
    return "The bot's server could not be reached.";
}

}  // namespace

RelayDecision decide_relay(const RelayAttempt& attempt) {
    const Class outcome = attempt.status ? classify(*attempt.status) : Class::passing;
    switch (outcome) {
        case Class::delivered:
            return {.verdict = RelayVerdict::delivered, .delay = {}, .reason = {}};
        case Class::final:
            return {.verdict = RelayVerdict::dead,
                    .delay = {},
                    .reason =
                        fmt::format("The bot refused the update with status {}.", *attempt.status)};
        case Class::passing:
            break;
    }
    if (attempt.age >= relay_give_up_after) {
        return {.verdict = RelayVerdict::dead,
                .delay = {},
                .reason = "Not delivered within 24 hours. " + describe(attempt)};
    }
    return {.verdict = RelayVerdict::retry, .delay = backoff(attempt), .reason = describe(attempt)};
}

}  // namespace hatchery::core
