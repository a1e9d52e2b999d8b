#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hatchery::sandbox::telegram {

/// A bot token taken apart. The number is the bot's identity; the secret half can change.
struct BotToken {
    std::int64_t bot_id = 0;
    std::string secret;
};

/// Nothing when the text is no token: a number of 6 to 17 digits, a colon, and 30 to 64 of
/// `A-Za-z0-9_-`.
[[nodiscard]] std::optional<BotToken> parse_bot_token(std::string_view text);

}  // namespace hatchery::sandbox::telegram
