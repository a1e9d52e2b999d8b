#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace hatchery::core {

/// How OpenClaw takes Telegram's updates in webhook mode.
struct OpenClawWebhook {
    /// What OpenClaw itself registers with Telegram: Hatchery's public URL of this bot.
    std::string public_url;
    base::Secret secret;
    /// Path of OpenClaw's own listener on the server, see core/webhook_path.hpp.
    std::string local_path;
};

/// All that a bot's OpenClaw is told.
struct OpenClawSettings {
    /// `provider/model`; without a base URL the provider is anthropic, openai or google.
    std::string model;
    /// Base URL of an OpenAI-compatible service (http or https); empty: the provider's own.
    std::string model_base_url;
    /// May be empty only together with a base URL.
    base::Secret model_api_key;
    base::Secret telegram_token;
    /// Nothing means that OpenClaw polls.
    std::optional<OpenClawWebhook> webhook;
    /// Who may talk to the bot; empty means OpenClaw's pairing.
    std::vector<std::int64_t> allowed_telegram_user_ids;
    /// Base URL of Telegram's Bot API as the server reaches it; empty: Telegram's own.
    std::string telegram_api_root;
    base::Secret gateway_token;
};

/// The two files of /etc/openclaw that configure_bot.sh installs.
struct OpenClawFiles {
    /// openclaw.json. Holds no secret: it names environment variables.
    std::string config;
    /// The unit's EnvironmentFile: the secrets, quoted for systemd.
    base::Secret environment;
};

/// Renders the configuration of OpenClaw 2026.9 (its schema refuses unknown keys, and exits 78).
/// The same settings give the same bytes, so that an unchanged configuration is recognised.
///
/// Errors: `invalid`, naming the setting, for text that OpenClaw or systemd would read as something
/// else: control characters, malformed UTF-8, and a `$` in what goes into the JSON, where OpenClaw
/// would put in an environment variable.
[[nodiscard]] base::Result<OpenClawFiles> render_openclaw_config(const OpenClawSettings& settings);

/// One line `NAME="value"` of a systemd EnvironmentFile, quoted so that systemd reads back exactly
/// `value` (systemd.exec(5); checked on versions 249 to 255). `invalid` for control characters and
/// malformed UTF-8, which systemd refuses or drops.
[[nodiscard]] base::Result<std::string> environment_line(std::string_view name,
                                                         std::string_view value);

}  // namespace hatchery::core
