#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/call.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace hatchery::ports {

/// Telegram's `User` as getMe answers it.
struct TelegramBot {
    std::int64_t id = 0;
    std::string username;
    std::string name;
};

/// What getWebhookInfo answers, as far as it is used.
struct WebhookInfo {
    std::string url;
    long long pending_update_count = 0;
    std::optional<base::TimePoint> last_error_at;
    std::string last_error_message;
};

struct WebhookSettings {
    std::string url;
    base::Secret secret_token;
    int max_connections = 40;
    std::vector<std::string> allowed_updates;
};

/// Telegram's Bot API. Blocking; thread-safe. A token that Telegram does not know (401 or 404) is
/// `unauthorized`; 429 is `rate_limited` with its delay.
class BotApi {
public:
    virtual ~BotApi() = default;
    [[nodiscard]] virtual base::Result<TelegramBot> get_me(const base::Secret& token,
                                                           const base::Call& call) = 0;
    [[nodiscard]] virtual base::Result<void> set_webhook(const base::Secret& token,
                                                         const WebhookSettings& settings,
                                                         const base::Call& call) = 0;
    /// Keeps the updates that wait at Telegram.
    [[nodiscard]] virtual base::Result<void> delete_webhook(const base::Secret& token,
                                                            const base::Call& call) = 0;
    [[nodiscard]] virtual base::Result<WebhookInfo> get_webhook_info(const base::Secret& token,
                                                                     const base::Call& call) = 0;
};

}  // namespace hatchery::ports
