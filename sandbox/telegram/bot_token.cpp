#include "sandbox/telegram/bot_token.hpp"

#include <algorithm>
#include <charconv>

namespace hatchery::sandbox::telegram {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_secret_char(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

}  // namespace

std::optional<BotToken> parse_bot_token(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon < 6 || colon > 17 || text.front() == '0') {
        return std::nullopt;
    }
    const std::string_view number = text.substr(0, colon);
    const std::string_view secret = text.substr(colon + 1);
    if (secret.size() < 30 || secret.size() > 64 ||
        !std::all_of(number.begin(), number.end(), is_digit) ||
        !std::all_of(secret.begin(), secret.end(), is_secret_char)) {
        return std::nullopt;
    }
    BotToken token{.bot_id = 0, .secret = std::string(secret)};
    std::from_chars(number.data(), number.data() + number.size(), token.bot_id);
    return token;
}

}  // namespace hatchery::sandbox::telegram
