#pragma once

#include <cstdint>
#include <string>

namespace hatchery::core {

/// OpenClaw's gateway and its Telegram webhook listener, both on the server's loopback address.
inline constexpr std::uint16_t gateway_port = 18789;
inline constexpr std::uint16_t webhook_port = 8787;

/// The path of a bot's webhook: Telegram posts there at Hatchery's public URL, and Hatchery posts
/// to the same path of OpenClaw's listener on the bot's server.
[[nodiscard]] inline std::string hook_path(const std::string& public_id) {
    return "/hooks/telegram/" + public_id;
}

/// Telegram's header that carries the secret of setWebhook (Bot API, `secret_token`).
inline constexpr const char* telegram_secret_header = "X-Telegram-Bot-Api-Secret-Token";

}  // namespace hatchery::core
