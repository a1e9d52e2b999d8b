#pragma once

#include <chrono>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace hatchery::core {

using SessionId = base::Id<struct SessionTag>;

/// How long a browser's session lasts.
struct SessionLimits {
    /// Unused for this long, it ends.
    std::chrono::seconds idle{12 * 3'600};
    /// However much it is used, it ends this long after the sign-in.
    std::chrono::seconds absolute{30 * 86'400};
};

/// The times of one session.
struct SessionTimes {
    base::TimePoint last_used_at;
    base::TimePoint expires_at;
};

/// Whether the session stands for its user at `now`. The end of each limit is outside.
[[nodiscard]] constexpr bool is_alive(const SessionTimes& session, const SessionLimits& limits,
                                      base::TimePoint now) {
    return now < session.expires_at && now < session.last_used_at + limits.idle;
}

/// When it ends if nobody uses it any more.
[[nodiscard]] constexpr base::TimePoint ends_at(const SessionTimes& session,
                                                const SessionLimits& limits) {
    const base::TimePoint idle_end = session.last_used_at + limits.idle;
    return idle_end < session.expires_at ? idle_end : session.expires_at;
}

}  // namespace hatchery::core
