#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/body_reader.hpp"
#include "api/routes/routes.hpp"

namespace hatchery::api::routes {

/// What a create says. Members that are wrong are empty; the reader knows.
struct NewBotBody {
    core::Bot bot;
    base::Secret telegram_token;
    std::optional<base::Secret> model_api_key;
};
[[nodiscard]] NewBotBody read_new_bot(BodyReader& body, RouteContext& context,
                                      const Exchange& exchange, const store::Account& account);

/// What an update says; unset members stay.
struct BotUpdateBody {
    std::optional<std::string> name;
    std::optional<std::string> model;
    std::optional<std::string> model_base_url;
    std::optional<base::Secret> model_api_key;
    bool forget_model_api_key = false;
    std::optional<base::Secret> telegram_token;
    std::optional<core::TelegramMode> telegram_mode;
    std::optional<std::vector<std::int64_t>> allowed_telegram_user_ids;

    /// Whether the bot's server has to learn of it.
    [[nodiscard]] bool concerns_server() const {
        return model || model_base_url || model_api_key || forget_model_api_key || telegram_token ||
               telegram_mode || allowed_telegram_user_ids;
    }
};
/// `has_own_key`: the bot has a model key of its own now.
[[nodiscard]] BotUpdateBody read_bot_update(BodyReader& body, RouteContext& context,
                                            const core::Bot& bot, bool has_own_key);

}  // namespace hatchery::api::routes
