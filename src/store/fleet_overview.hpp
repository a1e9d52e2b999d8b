#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/bot.hpp"
#include "core/server.hpp"
#include "core/update_sender.hpp"
#include "store/database.hpp"
#include "store/page.hpp"

namespace hatchery::store {

/// A bot as an operator looks at it.
struct FleetBot {
    core::Bot bot;
    std::string owner_email;
    /// What its latest deploy installed; empty before the first.
    std::string openclaw_version;
    std::optional<core::Server> server;
};

/// What came for a bot through its webhook, as far as it is kept.
struct BotMessages {
    /// Since the time that was asked for.
    std::int64_t received = 0;
    /// Not yet delivered to the bot's server, and given up.
    std::int64_t waiting = 0;
    std::int64_t failed = 0;
    std::optional<base::TimePoint> last_at;
};

/// Somebody who wrote to a bot in a private chat, and when last.
struct BotSender {
    core::UpdateSender sender;
    base::TimePoint last_at;
};

/// The fleet for operators. Thread-safe. Who may ask is the caller's business.
class FleetOverview {
public:
    virtual ~FleetOverview() = default;
    /// All users' bots, newest first. `invalid` for a cursor that is none.
    [[nodiscard]] virtual base::Result<Page<FleetBot>> bots(const std::optional<std::string>& after,
                                                            int limit) = 0;
    /// Zeros for no such bot.
    [[nodiscard]] virtual base::Result<BotMessages> messages(const base::BotId& bot,
                                                             base::TimePoint since) = 0;
    /// Who wrote to the bot, the latest first, at most twenty; as far as what they wrote is kept.
    [[nodiscard]] virtual base::Result<std::vector<BotSender>> senders(const base::BotId& bot) = 0;
};

/// The statement behind bots(), for the test of its plan.
[[nodiscard]] const std::string& fleet_statement();

[[nodiscard]] std::unique_ptr<FleetOverview> make_fleet_overview(Database& database);

}  // namespace hatchery::store
