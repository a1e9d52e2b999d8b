#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace hatchery::core {

/// What one try to hand an update to a bot's server came to: an HTTP status, or an error.
struct RelayAttempt {
    std::optional<int> status;
    std::optional<base::Error> error;
    /// Deliveries of this update that failed before this one.
    int attempts = 0;
    /// Time since Telegram sent it.
    base::Milliseconds age{0};
    /// In [0, 1).
    double jitter = 0.5;
};

enum class RelayVerdict : std::uint8_t {
    delivered,  ///< the server took it
    retry,      ///< again after `delay`; those behind it in its chat wait too
    dead,       ///< never again; `reason` is kept with it
};

struct RelayDecision {
    RelayVerdict verdict = RelayVerdict::retry;
    base::Milliseconds delay{0};
    /// One sentence, for `retry` and `dead`.
    std::string reason;
};

/// How long an update is worth delivering: as long as Telegram itself would try (24 h).
inline constexpr base::Milliseconds relay_give_up_after{24LL * 60 * 60 * 1000};

/// What follows from a try. While a bot starts, restarts or is reconfigured its server refuses
/// connections or answers 401, 404, 429 or 5xx: those are tried again until the update is too old.
/// Any other 4xx says that this update will never be taken. Pure.
[[nodiscard]] RelayDecision decide_relay(const RelayAttempt& attempt);

}  // namespace hatchery::core
