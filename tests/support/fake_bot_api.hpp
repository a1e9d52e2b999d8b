#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ports/bot_api.hpp"

namespace hatchery::support {

/// Telegram in memory: bots by token, their webhooks, and errors on command. Thread-safe.
class FakeBotApi final : public ports::BotApi {
public:
    /// `getMe`, `setWebhook`, `deleteWebhook`, `getWebhookInfo`, with the bot they were about (0:
    /// an unknown token).
    struct RecordedCall {
        std::string method;
        std::int64_t bot_id = 0;
    };
    struct Webhook {
        std::string url;
        std::string secret_token;
        int max_connections = 0;
        std::vector<std::string> allowed_updates;
    };

    /// Makes a token known. The bot's id is the number before the colon.
    void add_bot(const std::string& token, const std::string& username, const std::string& name);
    /// Revokes a token as BotFather does: unauthorized from now on.
    void revoke(const std::string& token);
    /// The next `times` calls of this method fail so (any method when empty), with no effect.
    void fail_next(int times, base::Error error, const std::string& method = {});
    /// The next `times` calls of this method take effect, but their answer is lost.
    void lose_next_answers(int times, const std::string& method);
    /// What getWebhookInfo shows beside the URL from now on.
    void show_delivery(std::int64_t bot_id, long long pending,
                       std::optional<base::TimePoint> last_error_at, std::string last_error);

    [[nodiscard]] std::optional<Webhook> webhook(std::int64_t bot_id) const;
    [[nodiscard]] std::vector<RecordedCall> calls() const;
    [[nodiscard]] int calls_of(const std::string& method) const;

    base::Result<ports::TelegramBot> get_me(const base::Secret& token,
                                            const base::Call& call) override;
    base::Result<void> set_webhook(const base::Secret& token,
                                   const ports::WebhookSettings& settings,
                                   const base::Call& call) override;
    base::Result<void> delete_webhook(const base::Secret& token, const base::Call& call) override;
    base::Result<ports::WebhookInfo> get_webhook_info(const base::Secret& token,
                                                      const base::Call& call) override;

private:
    struct Failure {
        std::string method;
        int times = 0;
        base::Error error;
    };
    struct Bot {
        ports::TelegramBot me;
        std::optional<Webhook> webhook;
        ports::WebhookInfo delivery;
    };

    base::Result<Bot*> enter(const std::string& method, const base::Secret& token,
                             const base::Call& call);
    base::Result<void> leave(const std::string& method);

    mutable std::mutex mutex_;
    std::map<std::string, Bot> bots_;
    std::vector<Failure> failures_;
    std::map<std::string, int> lost_answers_;
    std::vector<RecordedCall> calls_;
};

}  // namespace hatchery::support
