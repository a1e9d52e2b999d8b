#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "api/authenticate.hpp"
#include "api/known_callers.hpp"
#include "api/rate_gate.hpp"

namespace hatchery::api {

struct EntryOptions {
    /// As in RouterOptions.
    std::optional<std::size_t> admin_listener;
    bool trusts_loopback = true;
};

/// How a request was let in, or why not.
struct Entered {
    std::optional<Problem> refused;
    /// The caller's budgets, for the answer's headers.
    RateState rates;
    /// Refused because one of them is empty.
    bool over_budget = false;
};

/// Decides who comes in: by the access table, and by the budgets of the caller. Whoever has nothing
/// left is turned away before the database is asked who it is, as far as this process remembers
/// it. Thread-safe.
class Entry {
public:
    Entry(EntryOptions options, const Authenticator& authenticator, RateGate& rates)
        : options_(options), authenticator_(authenticator), rates_(rates) {}

    /// Sets the exchange's principal where the route asks for one and there is one, also of a
    /// known caller who is refused.
    [[nodiscard]] Entered enter(const AccessRule& rule, Exchange& exchange);

    /// For a path that no route takes: trying out paths costs what reading costs.
    [[nodiscard]] Entered charge_stray(const std::string& address);
    /// A webhook's wrong secret is a guess, as a token that is none is one. Whoever knows the
    /// secret is let in, whatever others at his address do.
    /// Whether the next guess of this address would be refused.
    [[nodiscard]] bool guessed_too_often(const std::string& address) const;
    [[nodiscard]] Entered note_webhook_guess(const std::string& address);

private:
    using Now = std::chrono::steady_clock::time_point;

    [[nodiscard]] std::optional<RateState> turned_away(core::RateClass what,
                                                       const ShownCaller& caller,
                                                       const std::string& address, Now now) const;
    [[nodiscard]] bool is_known(const ShownCaller& caller, Now now) const;
    /// Remembers whom a credential stood for, and counts those that never stood for anybody.
    void remember(const ShownCaller& caller, const Admission& admission,
                  const std::string& address);
    [[nodiscard]] std::optional<Problem> admit(const AccessRule& rule, Exchange& exchange,
                                               const ShownCaller& caller);
    [[nodiscard]] bool is_operator(const front::Request& request) const;

    const EntryOptions options_;
    const Authenticator& authenticator_;
    RateGate& rates_;
    KnownCallers callers_;
};

}  // namespace hatchery::api
