#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/ids.hpp"

namespace hatchery::core {

/// What the user sees. core/bot_transitions.hpp says which operation sets which.
enum class BotStatus : std::uint8_t {
    pending,    ///< created, never deployed; left by a deploy
    deploying,  ///< a deploy is under way; left by its end
    active,     ///< a Telegram message gets an answer
    stopped,    ///< on purpose: stopped by its user, or its deploy was cancelled
    failed,     ///< the last operation failed; `status_reason` says why
};

/// What goes on beside the status.
enum class BotCondition : std::uint8_t { sleeping, waking, upgrading, deleting, degraded };

/// How Telegram's updates reach the bot.
enum class TelegramMode : std::uint8_t {
    webhook,  ///< Telegram posts to Hatchery, which relays to the server
    polling,  ///< OpenClaw asks Telegram itself
};

/// The customer's assistant. Its secrets (Telegram token, model key) are not here: see SecretRef.
struct Bot {
    base::BotId id;
    /// Unguessable name in the webhook's URL; not a secret by itself.
    std::string public_id;
    base::UserId user_id;
    std::string name;
    std::int64_t telegram_bot_id = 0;
    std::string telegram_username;
    /// `provider/model` as OpenClaw names it.
    std::string model;
    /// Base URL of an OpenAI-compatible service; empty means the provider's own.
    std::string model_base_url;
    std::string provider;
    std::string region;
    std::string server_type;
    TelegramMode telegram_mode = TelegramMode::webhook;
    std::vector<std::int64_t> allowed_telegram_user_ids;
    BotStatus status = BotStatus::pending;
    std::optional<BotCondition> condition;
    std::string status_reason;
    base::TimePoint created_at;
    base::TimePoint updated_at;
    /// Grows with every change of the settings.
    std::int64_t settings_version = 1;
};

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::BotStatus> {
    using E = hatchery::core::BotStatus;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::pending, "pending"},
                                                       {E::deploying, "deploying"},
                                                       {E::active, "active"},
                                                       {E::stopped, "stopped"},
                                                       {E::failed, "failed"}});
};
template <>
struct hatchery::base::EnumNames<hatchery::core::BotCondition> {
    using E = hatchery::core::BotCondition;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::sleeping, "sleeping"},
                                                       {E::waking, "waking"},
                                                       {E::upgrading, "upgrading"},
                                                       {E::deleting, "deleting"},
                                                       {E::degraded, "degraded"}});
};
template <>
struct hatchery::base::EnumNames<hatchery::core::TelegramMode> {
    using E = hatchery::core::TelegramMode;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::webhook, "webhook"}, {E::polling, "polling"}});
};
