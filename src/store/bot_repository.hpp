#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "core/bot.hpp"
#include "core/server.hpp"
#include "core/subscription.hpp"
#include "ports/secret_box.hpp"
#include "store/database.hpp"
#include "store/operation_repository.hpp"
#include "store/page.hpp"

namespace hatchery::store {

/// Secrets of a bot by name (ports::secret_name).
using BotSecrets = std::vector<std::pair<std::string, base::Secret>>;

/// Changes of a bot's settings; unset members stay.
struct BotSettings {
    /// Change only these: `conflict` with code `other_version` when there are others by now.
    std::optional<std::int64_t> if_version;
    std::optional<std::string> name;
    std::optional<std::string> model;
    std::optional<std::string> model_base_url;
    std::optional<std::vector<std::int64_t>> allowed_telegram_user_ids;
    std::optional<core::TelegramMode> telegram_mode;
    /// With a new Telegram token: whose it is.
    std::optional<std::int64_t> telegram_bot_id;
    std::optional<std::string> telegram_username;
    BotSecrets secrets;
    /// Stored only when telegram_bot_id is another one than before: what must not be shared with
    /// the Telegram bot that was there.
    BotSecrets secrets_of_another_telegram_bot;
    std::vector<std::string> removed_secrets;
};

/// Says whether the user may have one more bot: with his subscription and the number of his living
/// bots. Asked under a lock on the user, so that of many who ask at once each sees what the others
/// got.
using AdmitBot =
    std::function<base::Result<void>(const std::optional<core::Subscription>&, std::int64_t bots)>;

/// All that the status route shows.
struct DeploymentView {
    core::Bot bot;
    /// The live operation, or the latest one.
    std::optional<OperationView> operation;
    /// The server of the current deployment; its price is in it.
    std::optional<core::Server> server;
};

/// Bots for the API and the webhook receiver. Thread-safe. `owner` unset means anybody's.
/// Somebody else's bot, a deleted one, and an id that is no UUID are `not_found`.
class BotRepository {
public:
    virtual ~BotRepository() = default;

    /// Stores a bot and its sealed secrets in one transaction. Public id, status and times are
    /// chosen here, and the id if it has none. `conflict` with code `token_conflict` when a living
    /// bot has the Telegram bot id. What `admit` answers, if it is set, goes before.
    [[nodiscard]] virtual base::Result<core::Bot> create(const core::Bot& bot,
                                                         const BotSecrets& secrets,
                                                         const AdmitBot& admit) = 0;
    [[nodiscard]] base::Result<core::Bot> create(const core::Bot& bot, const BotSecrets& secrets) {
        return create(bot, secrets, {});
    }
    [[nodiscard]] virtual base::Result<core::Bot> find(
        const base::BotId& id, const std::optional<base::UserId>& owner) = 0;
    /// The name in the webhook's URL.
    [[nodiscard]] virtual base::Result<core::Bot> find_by_public_id(
        const std::string& public_id) = 0;
    /// Newest first.
    [[nodiscard]] virtual base::Result<Page<core::Bot>> list(
        const std::optional<base::UserId>& owner, const std::optional<std::string>& after,
        int limit) = 0;
    /// Every server row of the fleet, oldest first, but for those gone at `since` already.
    [[nodiscard]] virtual base::Result<std::vector<core::Server>> servers(
        base::TimePoint since) = 0;
    /// Same errors as create and find.
    [[nodiscard]] virtual base::Result<core::Bot> update(const base::BotId& id,
                                                         const std::optional<base::UserId>& owner,
                                                         const BotSettings& settings) = 0;
    /// Whether a living bot has this Telegram bot id.
    [[nodiscard]] virtual base::Result<bool> telegram_bot_in_use(std::int64_t telegram_bot_id) = 0;
    [[nodiscard]] virtual base::Result<DeploymentView> deployment(
        const base::BotId& id, const std::optional<base::UserId>& owner) = 0;
};

[[nodiscard]] std::unique_ptr<BotRepository> make_bot_repository(Database& database,
                                                                 ports::SecretBox& box,
                                                                 base::Clock& clock,
                                                                 base::Random& random);

/// The statements behind deployment() and list() of one owner, for the test of their plans.
[[nodiscard]] const std::string& deployment_statement();
[[nodiscard]] const std::string& bots_of_statement();

}  // namespace hatchery::store
