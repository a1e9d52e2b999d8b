#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "api/rate_gate.hpp"

namespace hatchery::api {

/// What this process remembers of those who have shown a credential, so that it need not ask the
/// database who they are to turn them away, or to tell them from somebody who guesses. Callers are
/// named as in ShownCaller; nothing here is secret. Thread-safe.
class KnownCallers {
public:
    using Now = std::chrono::steady_clock::time_point;

    enum class Standing : std::uint8_t {
        unknown,
        known,    ///< it stood for somebody within the last hour, even if it has ended since
        service,  ///< the same, acting for another: its address counts for nothing
    };

    [[nodiscard]] Standing standing(const std::string& caller, Now now) const;
    /// The credential stands for somebody.
    void note_known(const std::string& caller, bool service, Now now);

    /// The caller's own budgets had nothing left: those of its user, token or service. A refusal by
    /// its address's budget alone is not remembered, for it may come from elsewhere next.
    void note_refused(const std::string& caller, core::RateClass what, const RateState& state,
                      Now now);
    /// The remembered refusal while it lasts, with the times that are left of it.
    [[nodiscard]] std::optional<RateState> refused(const std::string& caller, core::RateClass what,
                                                   Now now) const;

private:
    struct Refusal {
        RateState state;
        Now at{};
        Now until{};
    };
    struct Known {
        Standing standing = Standing::unknown;
        Now at{};
        std::map<core::RateClass, Refusal> refusals;
    };

    Known& entry(const std::string& caller);

    mutable std::mutex mutex_;
    std::unordered_map<std::string, Known> callers_;
};

}  // namespace hatchery::api
