#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/event.hpp"
#include "core/subscription.hpp"
#include "ports/job_store.hpp"

namespace hatchery::ports {

/// What the costs are summed by.
enum class CostsBy : std::uint8_t { bot, user, provider };

/// What servers cost in a stretch of time, in one currency.
struct CostSum {
    /// The id of the bot or user, or the provider's name.
    std::string key;
    /// The bot's name, the user's e-mail address, or the provider's name; empty when it is gone.
    std::string name;
    /// Decimal text.
    std::string amount;
    std::string currency;
    std::int64_t servers = 0;
    /// Of these: servers whose price nobody knows, which are not in the amount.
    std::int64_t unpriced = 0;
};

/// What a server will cost, and what all of its provider may cost a month together.
struct CreateIntent {
    /// Decimal text, above zero.
    std::string price_monthly;
    std::string price_currency;
    double ceiling = 0;
    /// When the provider is asked: from then on the server may cost something.
    base::TimePoint begun_at;
};
struct CreateAllowance {
    bool granted = false;
    /// What all of them cost a month with this one: decimal text with two digits.
    std::string would_be;
};

/// What is known of provider projects beside their servers' rows. Thread-safe.
class CloudLedger {
public:
    virtual ~CloudLedger() = default;

    /// What the bot's user has paid for, if there is anything.
    [[nodiscard]] virtual base::Result<std::optional<core::Subscription>> subscription_of(
        const base::BotId& bot) = 0;
    /// The intent to create a server where there is a cost ceiling, under the lease: if all servers
    /// of its provider that are billed, or may be, then cost no more than the ceiling a month, the
    /// row is `creating` and has its price, and otherwise nothing is written. In one transaction,
    /// and no two of one provider at a time, those of servers by hand among them. `conflict` when
    /// the lease is lost, `unavailable` with the code `price_unknown` when the price is none.
    [[nodiscard]] virtual base::Result<CreateAllowance> intend_create(
        const Lease& lease, const base::ServerId& server, const CreateIntent& intent) = 0;
    /// How many of these ids are of servers that there is a row of, be it an ended one.
    [[nodiscard]] virtual base::Result<std::size_t> count_known(
        const std::vector<std::string>& servers) = 0;
    /// Servers that are billed or may be, by provider: also of one that is not configured any more.
    [[nodiscard]] virtual base::Result<std::map<std::string, std::int64_t>> servers_billed() = 0;
    /// The provider no longer has this server: its row is deleted, its deployment ends, and its bot
    /// is failed for this reason and told so, in one transaction. False, and nothing happens, when
    /// an operation works on the bot, which will notice by itself, or the server is gone already.
    [[nodiscard]] virtual base::Result<bool> server_vanished(const base::ServerId& server,
                                                             const std::string& reason,
                                                             base::TimePoint now) = 0;
    /// Says one line in the bot's story.
    [[nodiscard]] virtual base::Result<void> tell(const base::BotId& bot,
                                                  const std::string& message,
                                                  core::EventLevel level, base::TimePoint now) = 0;

    /// What servers have cost from `begin` to `end`, the most expensive first. Every begun hour
    /// counts, and no server counts for more than its month.
    [[nodiscard]] virtual base::Result<std::vector<CostSum>> costs(CostsBy by,
                                                                   base::TimePoint begin,
                                                                   base::TimePoint end) = 0;

    /// The mark of the provider's project: what was last seen in the one that had all of our
    /// servers, see core::ProjectSigns. Nothing when none was kept.
    [[nodiscard]] virtual base::Result<std::optional<std::string>> project_mark(
        const std::string& provider) = 0;
    [[nodiscard]] virtual base::Result<void> keep_project_mark(const std::string& provider,
                                                               const std::string& mark,
                                                               base::TimePoint now) = 0;

    /// Asks the leader for a sweep now.
    [[nodiscard]] virtual base::Result<void> ask_for_sweep(base::TimePoint now) = 0;
    /// When one was last asked for.
    [[nodiscard]] virtual base::Result<std::optional<base::TimePoint>> sweep_asked_at() = 0;
    /// Keeps what the last sweep of a provider found, JSON as text.
    [[nodiscard]] virtual base::Result<void> keep_sweep(const std::string& provider,
                                                        const std::string& report,
                                                        base::TimePoint now) = 0;
    struct KeptSweep {
        std::string provider;
        std::string report;
        base::TimePoint at;
    };
    [[nodiscard]] virtual base::Result<std::vector<KeptSweep>> sweeps() = 0;
};

}  // namespace hatchery::ports

template <>
struct hatchery::base::EnumNames<hatchery::ports::CostsBy> {
    using E = hatchery::ports::CostsBy;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::bot, "bot"}, {E::user, "user"}, {E::provider, "provider"}});
};
