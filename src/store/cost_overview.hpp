#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "store/database.hpp"

namespace hatchery::store {

/// What servers have cost, in one currency.
struct Spent {
    /// Decimal text.
    std::string amount;
    std::string currency;
    std::int64_t servers = 0;
    /// Of these: servers whose price nobody knows, which are not in the amount.
    std::int64_t unpriced = 0;
};

struct BotCost {
    /// Empty for servers without a bot, which were made by hand.
    base::BotId bot_id;
    /// As it is called now, or was when it was deleted.
    std::string name;
    bool deleted = false;
    Spent spent;
};

struct UserCosts {
    /// Of all bots, one for each currency.
    std::vector<Spent> totals;
    /// The most expensive first, a thousand at most.
    std::vector<BotCost> bots;
};

struct MonthCost {
    /// When the month begins, in UTC.
    base::TimePoint month;
    Spent spent;
};

/// What a provider's servers cost a month as long as none is made or ends.
struct MonthlyRate {
    std::string provider;
    Spent spent;
};

/// What people see of the ledger; it counts as ports::CloudLedger::costs does. Thread-safe. Who
/// may ask is the caller's business.
class CostOverview {
public:
    virtual ~CostOverview() = default;
    /// From `begin` to `end`, with bots that are deleted by now.
    [[nodiscard]] virtual base::Result<UserCosts> of_user(const base::UserId& user,
                                                          base::TimePoint begin,
                                                          base::TimePoint end) = 0;
    /// Month by month from the one that begins at `first` up to now, newest first; months without
    /// a server are left out.
    [[nodiscard]] virtual base::Result<std::vector<MonthCost>> of_bot(const base::BotId& bot,
                                                                      base::TimePoint first,
                                                                      base::TimePoint now) = 0;
    /// Of all providers that have servers of ours now, by currency.
    [[nodiscard]] virtual base::Result<std::vector<MonthlyRate>> rates() = 0;
};

[[nodiscard]] std::unique_ptr<CostOverview> make_cost_overview(Database& database);

/// SQL: what a row of server_costs costs between two moments, which are SQL too. Every begun hour
/// counts, and no server counts for more than its month. NULL when its price is not known.
[[nodiscard]] std::string spent_between(const std::string& begin, const std::string& end);

}  // namespace hatchery::store
