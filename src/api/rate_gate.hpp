#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/access.hpp"
#include "api/problem.hpp"
#include "core/rate_limits.hpp"
#include "store/rate_budgets.hpp"
#include "store/token_repository.hpp"

namespace hatchery::api {

/// Which budgets a route takes from.
[[nodiscard]] core::RateClass rate_class_of(const AccessRule& rule);

/// What is known of a caller's budgets after a request, for its headers.
struct RateState {
    struct Item {
        core::RateClass what;
        core::RateSubject whose;
        int per_minute = 0;
        int left = 0;
        /// Until there is one more.
        std::chrono::milliseconds next_in{0};
        /// One was taken for this request.
        bool spent = false;
    };
    std::vector<Item> items;
    /// Set when one of them was empty: come back after this.
    std::optional<std::chrono::milliseconds> refused_for;

    /// `RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers-11 has them.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers() const;
    /// 429.
    [[nodiscard]] Problem problem() const;
};

/// Keeps callers within their budgets, which all processes share. A process takes as much of a
/// budget as the caller used within about the last second, and spends that without asking, so that
/// a busy caller costs the database about one statement a second; an empty budget costs none until
/// it has something again. A database that does not answer lets everybody in. Thread-safe.
class RateGate {
public:
    using Now = std::chrono::steady_clock::time_point;

    RateGate(core::RateLimits limits, store::RateBudgets& budgets)
        : limits_(limits), budgets_(budgets) {}

    /// Before anything is known of the caller but where it is: whether this process knows that the
    /// address has nothing left for the class. Asks nobody.
    [[nodiscard]] std::optional<RateState> turned_away(core::RateClass what,
                                                       const std::string& address, Now now) const;
    /// The same for credentials that are none: whether too many of them came from the address.
    [[nodiscard]] std::optional<RateState> failed_too_often(const std::string& address,
                                                            Now now) const {
        return turned_away(core::RateClass::failure, address, now);
    }
    /// Takes one request from the budgets of the address, or of a known caller from those of its
    /// user, its token and its address.
    [[nodiscard]] RateState charge(core::RateClass what, const std::string& address,
                                   const store::Principal* principal, Now now);
    /// A credential that is none came from here.
    void note_failure(const std::string& address, Now now);

    /// Budgets that this process holds a part of; for tests and metrics.
    [[nodiscard]] std::size_t held() const;

private:
    struct Charge {
        core::RateSubject whose;
        std::string budget;
        int per_minute = 0;
    };
    /// This process's part of a budget.
    struct Share {
        int unspent = 0;
        /// What the next take asks for.
        int portion = 1;
        /// What was left in the budget after the last take, and when it had another one if nothing.
        int left = 0;
        Now next_at{};
        Now taken_at{};
        Now empty_until{};
        /// Threads that are asking the database.
        int asking = 0;
    };

    [[nodiscard]] std::vector<Charge> charges_of(core::RateClass what, const std::string& address,
                                                 const store::Principal* principal) const;
    void add(std::vector<Charge>& charges, core::RateClass what, core::RateSubject whose,
             const std::string& name) const;
    [[nodiscard]] RateState spend(core::RateClass what, const std::vector<Charge>& charges,
                                  Now now);
    [[nodiscard]] static int portion_of(Share& share, int per_minute, Now now);
    /// False when the database does not answer.
    [[nodiscard]] bool take(const std::vector<store::RateTake>& takes,
                            const std::vector<std::size_t>& places, RateState& state, Now now);
    /// A request that one budget refuses takes nothing from the others: a program that runs wild
    /// leaves its user's part alone.
    void give_back(const std::vector<Charge>& charges, const RateState& state);
    /// Spends one, or says how long there is none.
    static void use(Share& share, RateState& state, RateState::Item& item, Now now);
    void tidy(Now now);

    const core::RateLimits limits_;
    store::RateBudgets& budgets_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Share> shares_;
    Now tidied_at_{};
};

}  // namespace hatchery::api
