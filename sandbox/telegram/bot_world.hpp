#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/telegram/bot_state.hpp"
#include "sandbox/telegram/bot_token.hpp"
#include "sandbox/telegram/faults.hpp"
#include "sandbox/telegram/file_store.hpp"
#include "sandbox/telegram/method_call.hpp"
#include "sandbox/telegram/sandbox_clock.hpp"
#include "sandbox/telegram/transcript.hpp"
#include "sandbox/telegram/webhook_transport.hpp"

namespace hatchery::sandbox::telegram {

/// Names a bot to the sandbox's own routes: by its whole token, or by its id alone.
struct BotName {
    std::string token;
    std::optional<std::int64_t> bot_id;
};

/// What a person does in a chat.
struct UserMessage {
    std::int64_t chat_id = 0;
    std::int64_t user_id = 0;
    std::string text;
    std::string first_name;             ///< Empty: made from the id.
    std::int64_t reply_to_message = 0;  ///< 0: none.
};
struct ButtonPress {
    std::int64_t chat_id = 0;
    std::int64_t user_id = 0;
    std::int64_t message_id = 0;
    std::string data;
};
struct SpokenResult {
    std::int64_t update_id = 0;  ///< 0: the bot does not want such updates.
    std::int64_t message_id = 0;
};

/// An update on its way to a webhook.
struct Delivery {
    std::int64_t bot_id = 0;
    std::int64_t update_id = 0;
    std::uint64_t webhook_generation = 0;
    WebhookRequest request;
};

/// All bots, chats and faults of the sandbox's Telegram. It knows nothing of HTTP: the service
/// brings calls in, WebhookDelivery carries updates out. Thread-safe.
class BotWorld {
public:
    explicit BotWorld(std::shared_ptr<SandboxClock> clock);
    ~BotWorld();
    BotWorld(const BotWorld&) = delete;
    BotWorld& operator=(const BotWorld&) = delete;

    /// A Bot API call. Blocks for getUpdates' timeout and for the fault `latencyMs`.
    MethodReply call(const std::string& token, const MethodCall& call);
    /// The content of a bot's file, or nothing when token or file are unknown.
    [[nodiscard]] std::optional<std::string> file(const std::string& token,
                                                  const std::string& file_id);

    /// Why the name does not lead to a bot ({field, message}), or null. A token that was never
    /// seen makes its bot, as a user may write before the bot's program ever ran.
    [[nodiscard]] base::Json check_name(const BotName& name);
    /// Speaks as a user; the name must have passed check_name().
    SpokenResult say(const BotName& name, const UserMessage& message);
    SpokenResult press(const BotName& name, const ButtonPress& press);

    /// What was said behind `after`: {items, next, actions}. Waits up to `wait` for the first item,
    /// or for a chat action behind `after_action` when given.
    [[nodiscard]] base::Json messages(const BotName& name, std::uint64_t after,
                                      std::chrono::seconds wait,
                                      std::optional<std::uint64_t> after_action);
    [[nodiscard]] base::Json bots();
    [[nodiscard]] base::Json requests() const;
    [[nodiscard]] base::Json faults() const;
    void set_faults(TelegramFaults faults);
    /// The bot's present secret half is refused from now on; the next other one becomes its new.
    /// False when there is no such bot.
    bool revoke(std::int64_t bot_id);

    /// Updates that may go out now; each has to come back through finish_delivery().
    [[nodiscard]] std::vector<Delivery> take_deliveries();
    void finish_delivery(const Delivery& delivery, const WebhookAnswer& answer);
    /// When take_deliveries() will have something; nothing when only a change can bring it.
    [[nodiscard]] std::optional<base::TimePoint> next_delivery() const;
    /// Called, under the lock, whenever there may be something to deliver.
    void on_work(std::function<void()> callback);

    /// Ends every wait, now and later.
    void stop();

private:
    using Lock = std::unique_lock<std::mutex>;

    Bot* admit(const BotToken& token);
    Bot& bot_of(std::int64_t bot_id);
    Bot* named_bot(const BotName& name);
    MethodReply run(Lock& lock, Bot& bot, const MethodCall& call);
    MethodReply poll_updates(Lock& lock, Bot& bot, const MethodCall& call);
    void reply_in_webhook(Lock& lock, Bot& bot, const std::string& body);
    void refuse_delivery(Bot& bot, const Delivery& delivery, const WebhookAnswer& answer);
    Chat& enter_chat(Bot& bot, std::int64_t chat_id, std::int64_t user_id,
                     const std::string& first_name);
    std::int64_t queue_update(Bot& bot, std::int64_t chat_id, const std::string& kind,
                              base::Json content);
    void count_call(const std::string& bot, const std::string& method);
    void announce();
    /// Waits for a change, at most until `deadline` of the sandbox's clock. False: it is past.
    bool wait_for_change(Lock& lock, base::TimePoint deadline);

    std::shared_ptr<SandboxClock> clock_;
    int clock_subscription_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::map<std::int64_t, Bot> bots_;
    Transcript transcript_;
    FileStore files_;
    TelegramFaults faults_;
    std::map<std::string, std::map<std::string, std::uint64_t>> calls_;
    std::function<void()> on_work_;
};

}  // namespace hatchery::sandbox::telegram
