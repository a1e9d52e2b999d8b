#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/database.hpp"

namespace hatchery::store {

/// Takes `wanted` requests from a budget of `per_minute`.
struct RateTake {
    std::string budget;
    int per_minute = 1;
    int wanted = 1;
};

struct RateGrant {
    /// As many as the budget had, `wanted` at most.
    int granted = 0;
    /// What is left in the budget.
    int left = 0;
    /// Until the budget has one again; zero when it has.
    base::Milliseconds next_in{0};
};

/// The budgets of all callers, shared by all processes. A budget holds what may be done in a minute
/// and refills evenly; its time is the database's own. Thread-safe.
class RateBudgets {
public:
    virtual ~RateBudgets() = default;
    /// One statement for all; the grants are in the order of the takes. No budget twice.
    [[nodiscard]] virtual base::Result<std::vector<RateGrant>> take(
        std::span<const RateTake> takes) = 0;
    /// Forgets budgets that are full. How many.
    [[nodiscard]] virtual base::Result<std::int64_t> prune() = 0;
};

[[nodiscard]] std::unique_ptr<RateBudgets> make_rate_budgets(Database& database);

}  // namespace hatchery::store
