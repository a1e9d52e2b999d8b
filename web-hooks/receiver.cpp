#include "web-hooks/receiver.hpp"

#include <string>

#include "base/log.hpp"
#include "web-hooks/update_shape.hpp"

namespace hatchery::web_hooks {

namespace {

using base::ErrorKind;
using ports::HookAnswer;

/// Public ids are short; a longer one is nobody's and is not worth a look-up.
constexpr std::size_t max_public_id = 64;
/// Bot API: a secret token has 1 to 256 characters.
constexpr std::size_t max_secret = 256;

/// Stands in for the secret of a bot that does not exist, with the length that real ones have.
const base::Secret& nobodys_secret() {
    static const base::Secret secret(std::string(43, 'x'));
    return secret;
}

/// Telegram comes again after this; the update stays with it meanwhile.
HookAnswer come_again(std::string_view why, const base::Error& error) {
    log_event(base::LogLevel::warning, "update_not_stored",
              {{"why", why}, {"kind", base::to_text(error.kind)}, {"message", error.message}});
    return {.status = 503, .retry_after = std::chrono::seconds(5)};
}

}  // namespace

base::Result<HookBot> Receiver::authenticate(const std::string& public_id,
                                             const std::string& secret) {
    auto bot = directory_.find(public_id);
    if (!bot && bot.error().kind == ErrorKind::not_found) {
        [[maybe_unused]] const bool equal = nobodys_secret().equals(secret);
        return bot;
    }
    if (!bot || bot->secret.equals(secret)) return bot;
    // What is remembered may be older than the secret that Telegram was just given.
    bot = directory_.find_fresh(public_id);
    if (bot && !bot->secret.equals(secret)) {
        return base::fail(ErrorKind::unauthorized, "The webhook secret is wrong.");
    }
    return bot;
}

HookAnswer Receiver::receive(std::string_view public_id, std::string_view secret_header,
                             std::string_view body) {
    if (public_id.empty() || public_id.size() > max_public_id) return {.status = 404};
    if (body.size() > max_update_bytes) return {.status = 413};
    const std::string id(public_id);
    const auto bot = authenticate(id, std::string(secret_header.substr(0, max_secret + 1)));
    if (!bot) {
        if (bot.error().kind == ErrorKind::not_found) return {.status = 404};
        if (bot.error().kind == ErrorKind::unauthorized) return {.status = 401};
        return come_again("bot look-up failed", bot.error());
    }
    const auto shape = read_update(body);
    if (!shape) return {.status = 400};

    const auto stored = inbox_.store({.bot_id = bot->id,
                                      .update_id = shape->update_id,
                                      .chat_id = shape->chat_id,
                                      .telegram_bot_id = bot->telegram_bot_id,
                                      .body = std::string(body),
                                      .received_at = clock_.now()});
    if (stored) return {.status = 200};
    if (stored.error().kind == ErrorKind::not_found) {
        directory_.forget(id);
        return {.status = 404};
    }
    return come_again("inbox failed", stored.error());
}

}  // namespace hatchery::web_hooks
