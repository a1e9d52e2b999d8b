#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "ports/fleet_store.hpp"
#include "store/bot_repository.hpp"

namespace hatchery::web_hooks {

/// What the receiver must know of a bot.
struct HookBot {
    base::BotId id;
    /// The Telegram bot that the secret was made for.
    std::int64_t telegram_bot_id = 0;
    /// The secret of its setWebhook.
    base::Secret secret;
};

/// Whose webhook a public id is. Thread-safe.
class HookDirectory {
public:
    virtual ~HookDirectory() = default;
    /// May answer from memory. `not_found` for no such bot, or one that has no webhook secret yet.
    [[nodiscard]] virtual base::Result<HookBot> find(const std::string& public_id) = 0;
    /// Asks the database, but again for the same bot only after a second, so that wrong guesses
    /// do not become load.
    [[nodiscard]] virtual base::Result<HookBot> find_fresh(const std::string& public_id) = 0;
    /// Whether find() has found it and did not forget it since, however long ago.
    [[nodiscard]] virtual bool remembers(const std::string& public_id) const = 0;
    /// What is remembered of it is wrong.
    virtual void forget(const std::string& public_id) = 0;
};

/// Over the stores, with a memory of a few seconds (also for ids that nobody has) and bounded
/// size. What it is given must outlive it.
[[nodiscard]] std::unique_ptr<HookDirectory> make_hook_directory(store::BotRepository& bots,
                                                                 ports::FleetStore& fleet,
                                                                 base::Clock& clock);

}  // namespace hatchery::web_hooks
