#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json_value.hpp"
#include "sandbox/telegram/update_queue.hpp"

namespace hatchery::sandbox::telegram {

struct Webhook {
    std::string url;  ///< Empty: none is set.
    std::string secret_token;
    std::string certificate_pem;  ///< Of a self-signed server; empty: the machine's authorities.
    std::string ip_address;
    int max_connections = 40;
    std::uint64_t generation = 0;  ///< Grows with every change, so that late answers are known.
    std::optional<base::TimePoint> gone_since;  ///< The first of an unbroken row of 410 answers.
};

struct WebhookError {
    base::TimePoint at;
    std::string message;
};

struct ChatUser {
    std::int64_t id = 0;
    std::string first_name;
    std::string username;
};

struct ChatAction {
    std::string name;
    base::TimePoint until;
};

struct Chat {
    std::int64_t id = 0;
    std::map<std::int64_t, ChatUser> members;
    std::map<std::int64_t, base::Json> messages;  ///< The newest ones, by message id.
    std::optional<ChatAction> action;
    std::optional<std::int64_t> pinned_message_id;

    /// As Telegram describes it: a private chat has the id of its user.
    [[nodiscard]] base::Json to_json() const;
};

struct StoredFile {
    std::string name;
    std::string content;
};

/// All that the sandbox knows of one bot.
struct Bot {
    std::int64_t id = 0;
    std::string secret;  ///< Empty until the first call after a revoke.
    std::set<std::string> revoked_secrets;
    Webhook webhook;
    std::optional<WebhookError> last_error;
    std::vector<std::string> allowed_updates;
    UpdateQueue queue;
    std::int64_t next_update_id = 1;
    std::int64_t next_message_id = 1;
    std::map<std::int64_t, Chat> chats;
    std::map<std::string, base::Json> commands;  ///< By scope and language.
    std::map<std::string, base::Json> profile;   ///< Names and descriptions by field and language.
    std::uint64_t poll = 0;                      ///< Number of the newest getUpdates call.
    std::string poll_ended_by;                   ///< What ended the earlier polls.
    std::optional<base::TimePoint> last_poll;
    std::uint64_t action_version = 0;  ///< Grows with every chat action.

    [[nodiscard]] std::string username() const;
    [[nodiscard]] std::string first_name() const;
    /// The User object of the bot.
    [[nodiscard]] base::Json to_user_json() const;
    /// Whether an update of this kind is wanted.
    [[nodiscard]] bool wants(const std::string& update_kind) const;
};

[[nodiscard]] base::Json user_json(const ChatUser& user);

}  // namespace hatchery::sandbox::telegram
