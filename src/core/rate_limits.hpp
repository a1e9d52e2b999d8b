#pragma once

#include <cstdint>
#include <string_view>

namespace hatchery::core {

/// What a request costs us, and so which budget it takes from.
enum class RateClass : std::uint8_t {
    none,     ///< never limited: health, and webhooks, whose senders come again
    read,     ///< reads the database
    write,    ///< writes it
    outside,  ///< asks Telegram or a provider
    verify,   ///< has Telegram check a token: a guess that costs its maker nothing
    stream,   ///< opens an event stream
    sign_in,  ///< a step of a sign-in; by address only
    failure,  ///< a token or session that is none; by address only
};

/// Whose budget it is.
enum class RateSubject : std::uint8_t {
    user,
    token,
    service,  ///< a token that acts for others
    address,
};

/// Requests a minute; 0 means no limit. A budget may be spent at once, and refills evenly.
struct RateLimits {
    int read = 0;
    int write = 0;
    int outside = 0;
    int verify = 0;
    int stream = 0;
    int sign_in = 0;
    int failure = 0;
    /// Everything that a token does for others.
    int service = 0;
    /// What one token has of its user's budget, and one address of a user's.
    int token_percent = 50;
    int address_percent = 400;
};

/// Requests a minute of this class by this subject; 0 means no limit.
[[nodiscard]] int limit_of(const RateLimits& limits, RateClass what, RateSubject whose);

[[nodiscard]] std::string_view rate_class_text(RateClass what);
[[nodiscard]] std::string_view rate_subject_text(RateSubject whose);

}  // namespace hatchery::core
