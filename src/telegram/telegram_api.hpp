#pragma once

#include <memory>
#include <string>

#include "ports/bot_api.hpp"
#include "ports/http_transport.hpp"

namespace hatchery::telegram {

/// The port over Telegram's HTTP interface. `base_url` is `https://api.telegram.org` or whatever
/// serves the same methods below `/bot<token>/`. The transport must outlive the result.
[[nodiscard]] std::unique_ptr<ports::BotApi> make_telegram_api(std::string base_url,
                                                               ports::HttpTransport& transport);

}  // namespace hatchery::telegram
