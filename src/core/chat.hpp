#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/bot.hpp"
#include "core/operation.hpp"
#include "core/validate.hpp"

namespace hatchery::core {

/// What one turn with a bot is about; an operation of kind chat carries it as its payload.
struct ChatPayload {
    std::string message;
    /// Which conversation with the bot goes on; empty means the one that all callers share.
    std::string session_key;
    /// Whether it was to end the turns before it.
    bool interrupt = false;
};

/// 1 to 32,768 bytes of UTF-8 without NUL that are not all blank.
[[nodiscard]] Wrong check_chat_message(std::string_view text);
/// 1 to 64 letters, digits, `_`, `.` and `-`.
[[nodiscard]] Wrong check_session_key(std::string_view text);

[[nodiscard]] std::string chat_payload_text(const ChatPayload& payload);
/// `internal` for a text that chat_payload_text did not write.
[[nodiscard]] base::Result<ChatPayload> read_chat_payload(const std::string& text);

/// What the bot's gateway is sent: an OpenAI chat completion.
[[nodiscard]] std::string chat_request_text(const ChatPayload& payload);

/// What a turn came to, as chat_turn.sh leaves it: `{"reply": TEXT, "usage": OBJECT or null}`.
/// Answers it as the operation's result; `bad_response` when it is something else.
[[nodiscard]] base::Result<std::string> chat_result(const std::string& answer);
/// Larger answers are refused: a reply has at most 1 MB, which JSON may write six times as long.
inline constexpr std::size_t max_chat_answer_bytes = 8U << 20U;

/// Who stands before a chat, and what else goes on at its bot.
struct ChatLine {
    /// The bot's live chat that came first; nothing when there is none.
    std::optional<base::OperationId> first;
    /// The bot's live operation that is no chat.
    std::optional<OperationKind> operation;
};

/// More than these may not stand in line at one bot. No setting: the last waits for hours already.
inline constexpr int max_live_chats = 100;

/// Whether a turn may begin.
struct ChatGate {
    enum class Verdict {
        open,          ///< it is this chat's turn, and the bot runs
        turn_awaited,  ///< another chat stands before it; its end raises chat_signal
        bot_awaited,   ///< an operation is under way that makes the bot active
        refused,       ///< the bot does not run, and nothing under way will change that
    };
    Verdict verdict = Verdict::open;
    /// What is waited for, one sentence.
    std::string why;
    /// With `refused`.
    std::optional<base::Error> error;
};
[[nodiscard]] ChatGate chat_gate(const base::OperationId& self, const ChatLine& line,
                                 const Bot& bot);

/// In the step's progress: true once the turn may have begun. Until then the chat stands in line.
inline constexpr std::string_view chat_begun_key = "begun";

/// What a chat waits for while others of its bot stand before it.
[[nodiscard]] std::string chat_signal(const base::BotId& bot);

/// The id under which the turn's script runs on the server. `start` counts those that ended before
/// they had sent anything: one that may have is never started again.
[[nodiscard]] std::string chat_run_id(const base::OperationId& chat, int start);
/// The turn's folder on the server.
[[nodiscard]] std::string chat_folder(const base::OperationId& chat);
/// Whether a turn whose script ended with this code has not reached the bot, and may be begun anew.
[[nodiscard]] bool chat_unsent(int exit_code);

}  // namespace hatchery::core
