#pragma once

#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "ports/bot_api.hpp"
#include "ports/http_transport.hpp"

namespace hatchery::telegram {

/// The `result` of an answer to a Bot API method, or its error in our words. Telegram answers
/// `{ok, result}` or `{ok, error_code, description, parameters:{retry_after}}`
/// (core.telegram.org/bots/api, "Making requests"). An unknown token is 401, a malformed one 404.
[[nodiscard]] base::Result<base::Json> read_answer(std::string_view method,
                                                   const ports::HttpResponse& response);

/// `User`, lenient about everything but the id.
[[nodiscard]] base::Result<ports::TelegramBot> read_bot(const base::Json& result);

/// `WebhookInfo`; absent fields are empty.
[[nodiscard]] base::Result<ports::WebhookInfo> read_webhook_info(const base::Json& result);

}  // namespace hatchery::telegram
