#include "core/chat.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json_value.hpp"

namespace hatchery::core {

namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

constexpr std::size_t max_message_bytes = 32'768;
constexpr std::size_t max_session_key_bytes = 64;
/// The conversation of those who name none.
constexpr std::string_view shared_session = "hatchery";

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_key_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

ChatGate refused(std::string message, std::string next_action) {
    return {.verdict = ChatGate::Verdict::refused,
            .why = {},
            .error = Error{.kind = ErrorKind::conflict,
                           .effect = base::Effect::none,
                           .message = std::move(message),
                           .next_action = std::move(next_action),
                           .code = "bot_not_active",
                           .retry_after = std::nullopt,
                           .context = {}}};
}

/// The gate while an operation is under way.
ChatGate during(OperationKind kind) {
    switch (kind) {
        case OperationKind::deploy:
        case OperationKind::start:
        case OperationKind::restart:
        case OperationKind::reconfigure:
            return {.verdict = ChatGate::Verdict::bot_awaited,
                    .why = fmt::format("waiting for the bot's {}", base::to_text(kind)),
                    .error = std::nullopt};
        case OperationKind::stop:
            return refused("The bot is being stopped.", "Start the bot, then send it again.");
        case OperationKind::destroy:
            return refused("The bot is being deleted.", "Choose another bot.");
        case OperationKind::chat:
            break;
    }
    return {};
}

}  // namespace

Wrong check_chat_message(std::string_view text) {
    if (std::ranges::all_of(text, is_blank)) return "must not be empty";
    if (text.size() > max_message_bytes) {
        return fmt::format("must have at most {} bytes", max_message_bytes);
    }
    if (!base::is_utf8(text) || text.find('\0') != std::string_view::npos) {
        return "must be UTF-8 without NUL";
    }
    return std::nullopt;
}

Wrong check_session_key(std::string_view text) {
    if (!text.empty() && text.size() <= max_session_key_bytes &&
        std::ranges::all_of(text, is_key_letter)) {
        return std::nullopt;
    }
    return fmt::format("must be 1 to {} letters, digits, '_', '.' or '-'", max_session_key_bytes);
}

std::string chat_payload_text(const ChatPayload& payload) {
    Json json = {{"message", payload.message}};
    if (!payload.session_key.empty()) json["sessionKey"] = payload.session_key;
    if (payload.interrupt) json["interrupt"] = true;
    return base::dump_json(json);
}

base::Result<ChatPayload> read_chat_payload(const std::string& text) {
    const auto json = base::parse_json(text);
    if (!json || !json->is_object() || base::json_string(*json, "message").empty()) {
        return base::fail(ErrorKind::internal, "The chat has no message.");
    }
    return ChatPayload{.message = base::json_string(*json, "message"),
                       .session_key = base::json_string(*json, "sessionKey"),
                       .interrupt = base::json_bool(*json, "interrupt")};
}

std::string chat_request_text(const ChatPayload& payload) {
    const Json message = {{"role", "user"}, {"content", payload.message}};
    // OpenClaw goes on with the same conversation for the same `user`.
    return base::dump_json(
        {{"model", "openclaw/default"},
         {"user", payload.session_key.empty() ? std::string(shared_session) : payload.session_key},
         {"messages", Json::array({message})}});
}

base::Result<std::string> chat_result(const std::string& answer) {
    const auto json = base::parse_json(answer, max_chat_answer_bytes);
    if (!json || !json->is_object() || !base::json_member(*json, "reply").is_string()) {
        return base::fail(ErrorKind::bad_response, "The server kept no reply that can be read.",
                          "Send the message again.");
    }
    Json result = {{"reply", base::json_string(*json, "reply")}};
    const Json& usage = base::json_member(*json, "usage");
    if (usage.is_object()) result["usage"] = usage;
    return base::dump_json(result);
}

ChatGate chat_gate(const base::OperationId& self, const ChatLine& line, const Bot& bot) {
    if (line.first && *line.first != self) {
        return {.verdict = ChatGate::Verdict::turn_awaited,
                .why = "waiting for the turn before it",
                .error = std::nullopt};
    }
    if (line.operation) return during(*line.operation);
    switch (bot.status) {
        case BotStatus::active:
            return {};
        case BotStatus::pending:
            return refused("The bot has not been deployed.", "Deploy the bot, then send it again.");
        case BotStatus::stopped:
            return refused("The bot is stopped.", "Start the bot, then send it again.");
        case BotStatus::failed:
            return refused("The bot does not run: its last operation failed.",
                           "Restart or deploy the bot, then send it again.");
        case BotStatus::deploying:
            // Its operation has ended, or begins, in this very moment.
            return {.verdict = ChatGate::Verdict::bot_awaited,
                    .why = "waiting for the bot's deploy",
                    .error = std::nullopt};
    }
    return {};
}

std::string chat_signal(const base::BotId& bot) { return "chat:" + bot.text(); }

std::string chat_run_id(const base::OperationId& chat, int start) {
    return fmt::format("chat-{}-{}", chat.text(), start);
}

std::string chat_folder(const base::OperationId& chat) {
    return "/var/lib/hatchery/turns/" + chat.text();
}

bool chat_unsent(int exit_code) { return exit_code == 80 || exit_code == 81; }

}  // namespace hatchery::core
