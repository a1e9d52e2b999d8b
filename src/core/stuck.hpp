#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "core/job.hpp"

namespace hatchery::core {

/// Why a live operation does not go on as it should; the first that holds is told.
enum class StuckReason : std::uint8_t {
    lease_expired,  ///< its worker is silent, and nobody has rescued the job
    blocked,        ///< no live worker can run its job
    past_deadline,  ///< past its deadline, and not ended
    not_claimed,    ///< due for long, and nobody took it
};

/// From when on it counts.
struct StuckLimits {
    /// An operation is ended at its deadline by the next run of its job.
    std::chrono::seconds past_deadline{60};
    /// Expired leases are looked for every few seconds.
    std::chrono::seconds lease_expired{15};
    std::chrono::seconds not_claimed{300};
};

/// What is told of a stuck operation.
struct StuckFacts {
    StuckReason reason = StuckReason::past_deadline;
    base::TimePoint now;
    base::TimePoint deadline_at;
    std::optional<StepKind> step;
    std::optional<base::TimePoint> run_at;
    std::optional<base::TimePoint> lease_until;
    std::string worker_id;
    std::string blocked_reason;
};

struct StuckText {
    std::string cause;
    std::string next_action;
};

/// One sentence each. Pure.
[[nodiscard]] StuckText describe(const StuckFacts& facts);

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::StuckReason> {
    using E = hatchery::core::StuckReason;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::past_deadline, "past_deadline"},
                                                       {E::lease_expired, "lease_expired"},
                                                       {E::blocked, "blocked"},
                                                       {E::not_claimed, "not_claimed"}});
};
