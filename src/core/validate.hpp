#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace hatchery::core {

/// What is wrong with a text from outside: one sentence that says what is right. Nothing means that
/// it is fine. No message repeats the text, which may be a secret.
using Wrong = std::optional<std::string>;

/// 1–64 code points of UTF-8 that are neither control characters nor all blank.
[[nodiscard]] Wrong check_bot_name(std::string_view text);

/// The shape of a Telegram bot token; whether it is one, only getMe knows.
[[nodiscard]] Wrong check_telegram_token(std::string_view text);

/// http or https with a host, without user name, password, query, fragment or `$` (which OpenClaw
/// would replace); at most 2048 bytes.
[[nodiscard]] Wrong check_model_base_url(std::string_view text);

/// 1–512 printable ASCII characters without blanks.
[[nodiscard]] Wrong check_model_api_key(std::string_view text);

/// The known form of names at providers: regions, server types, providers.
[[nodiscard]] Wrong check_provider_word(std::string_view text);

[[nodiscard]] Wrong check_uuid(std::string_view text);
/// Whether it may be one: only who gets the mail knows.
[[nodiscard]] Wrong check_email(std::string_view text);

/// A Telegram user id: positive, at most 52 bits (Bot API, `User.id`).
[[nodiscard]] Wrong check_telegram_user_id(std::int64_t id);
inline constexpr std::size_t max_allowed_telegram_users = 100;

/// An opaque cursor of a list.
[[nodiscard]] Wrong check_cursor(std::string_view text);

/// A whole number between `least` and `most`, written in digits; `invalid` with the sentence.
[[nodiscard]] base::Result<std::int64_t> read_whole_number(std::string_view text,
                                                           std::int64_t least, std::int64_t most);

/// Model names that the configuration gives a short name, and which of its providers the operator
/// has a key for.
struct ModelCatalog {
    /// `claude-opus` → `anthropic/claude-opus-5`.
    std::map<std::string, std::string> aliases;
    /// Whether the operator has a key of his own, by provider.
    std::map<std::string, bool> operator_keys;
};

/// Whether the bot brings its own key and base URL.
struct ModelChoice {
    std::string model;
    bool has_own_key = false;
    bool has_base_url = false;
};

/// `provider/model` of what the user named. `invalid` when it is neither that nor an alias, when
/// its provider is unknown and no base URL says where it is, or when nobody has a key for it.
[[nodiscard]] base::Result<std::string> resolve_model(const ModelCatalog& catalog,
                                                      const ModelChoice& choice);

}  // namespace hatchery::core
