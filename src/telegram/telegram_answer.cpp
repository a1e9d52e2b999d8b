#include "telegram/telegram_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "base/unix_time.hpp"

namespace hatchery::telegram {

namespace {

using base::Effect;
using base::Error;
using base::ErrorKind;

constexpr std::chrono::seconds default_retry_after{1};
constexpr std::chrono::seconds longest_retry_after{3'600};
constexpr std::size_t longest_description = 300;

std::chrono::milliseconds retry_after_of(const base::Json& answer,
                                         const ports::HttpResponse& response) {
    long long seconds = base::json_int(base::json_member(answer, "parameters"), "retry_after", -1);
    const auto header = response.headers.find("retry-after");
    if (seconds < 0 && header != response.headers.end()) {
        const std::string& text = header->second;
        std::from_chars(text.data(), text.data() + text.size(), seconds);
    }
    if (seconds < 0) return default_retry_after;
    return std::clamp(std::chrono::seconds(seconds), default_retry_after, longest_retry_after);
}

ErrorKind kind_of(long long code) {
    if (code == 401 || code == 404) return ErrorKind::unauthorized;
    if (code == 409) return ErrorKind::conflict;
    if (code == 429) return ErrorKind::rate_limited;
    if (code >= 500) return ErrorKind::unavailable;
    if (code >= 400) return ErrorKind::invalid;
    return ErrorKind::bad_response;
}

Error refusal(std::string_view method, long long code, const base::Json& answer,
              const ports::HttpResponse& response) {
    std::string description =
        base::to_utf8(base::json_string(answer, "description", "no reason given"));
    if (description.size() > longest_description) {
        description = base::to_utf8(description.substr(0, longest_description)) + "…";
    }
    Error error;
    error.kind = kind_of(code);
    error.effect =
        code >= 500 || error.kind == ErrorKind::bad_response ? Effect::unknown : Effect::none;
    error.code = std::to_string(code);
    error.context = {{"method", std::string(method)},
                     {"status", std::to_string(response.status)},
                     {"description", description}};
    error.message = fmt::format("Telegram answered {} to {}: {}", code, method, description);
    if (error.kind == ErrorKind::unauthorized) {
        error.message = "Telegram does not know this token.";
        error.next_action = "Copy the token from BotFather again, whole, and enter it once more.";
    } else if (error.kind == ErrorKind::rate_limited) {
        error.retry_after = retry_after_of(answer, response);
        error.message = fmt::format("Telegram asks to wait {} s before the next {}.",
                                    error.retry_after->count() / 1'000, method);
    }
    return error;
}

Error nonsense(std::string_view method, const ports::HttpResponse& response) {
    Error error;
    error.kind = response.status >= 500 ? ErrorKind::unavailable : ErrorKind::bad_response;
    error.effect = Effect::unknown;
    error.code = std::to_string(response.status);
    error.message = fmt::format("Telegram's answer to {} (status {}) is not a Bot API answer.",
                                method, response.status);
    error.next_action = "Check the configured address of the Telegram API.";
    error.context = {{"method", std::string(method)}, {"status", std::to_string(response.status)}};
    return error;
}

}  // namespace

base::Result<base::Json> read_answer(std::string_view method, const ports::HttpResponse& response) {
    auto parsed = base::parse_json(response.body);
    const base::Json answer = parsed ? std::move(*parsed) : base::Json();
    const bool is_answer = base::json_member(answer, "ok").is_boolean();
    if (is_answer && base::json_bool(answer, "ok") && response.status / 100 == 2) {
        return base::json_member(answer, "result");
    }
    if (is_answer && !base::json_bool(answer, "ok")) {
        const long long code = base::json_int(answer, "error_code", response.status);
        return base::fail(refusal(method, code, answer, response));
    }
    if (response.status == 429) {
        return base::fail(refusal(method, response.status, answer, response));
    }
    return base::fail(nonsense(method, response));
}

base::Result<ports::TelegramBot> read_bot(const base::Json& result) {
    ports::TelegramBot bot{.id = base::json_int(result, "id"),
                           .username = base::json_string(result, "username"),
                           .name = base::json_string(result, "first_name")};
    if (bot.id <= 0) {
        return base::fail(ErrorKind::bad_response, "Telegram's answer to getMe names no bot.");
    }
    return bot;
}

base::Result<ports::WebhookInfo> read_webhook_info(const base::Json& result) {
    if (!result.is_object()) {
        return base::fail(ErrorKind::bad_response,
                          "Telegram's answer to getWebhookInfo says nothing.");
    }
    ports::WebhookInfo info{.url = base::json_string(result, "url"),
                            .pending_update_count = base::json_int(result, "pending_update_count"),
                            .last_error_at = std::nullopt,
                            .last_error_message = base::json_string(result, "last_error_message")};
    const long long last_error = base::json_int(result, "last_error_date");
    if (last_error > 0) info.last_error_at = base::time_of_unix_seconds(last_error);
    return info;
}

}  // namespace hatchery::telegram
