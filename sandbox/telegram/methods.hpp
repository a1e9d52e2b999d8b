#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sandbox/telegram/bot_state.hpp"
#include "sandbox/telegram/file_store.hpp"
#include "sandbox/telegram/method_call.hpp"
#include "sandbox/telegram/transcript.hpp"

namespace hatchery::sandbox::telegram {

/// What a method works on. All of it is guarded by the caller's lock.
struct MethodContext {
    Bot& bot;
    const MethodCall& call;
    base::TimePoint now;
    Transcript& transcript;
    FileStore& files;
};

using MethodFunction = MethodReply (*)(MethodContext&);

struct Method {
    std::string name;  ///< As Telegram writes it.
    MethodFunction run = nullptr;
};

/// Methods by their name in lower case. getUpdates is not among them: it waits.
using MethodTable = std::map<std::string, Method, std::less<>>;

[[nodiscard]] const MethodTable& method_table();

void add_webhook_methods(MethodTable& table);
void add_message_methods(MethodTable& table);
void add_media_methods(MethodTable& table);
void add_profile_methods(MethodTable& table);
void add_chat_methods(MethodTable& table);

/// The chat named by `chat_id`, or null with Telegram's answer in `refused`.
[[nodiscard]] Chat* find_chat(MethodContext& context, MethodReply& refused);

/// Puts a new message of the bot into its chat and the transcript and returns it.
/// `content` is merged into the message.
base::Json post_bot_message(MethodContext& context, Chat& chat, const base::Json& content,
                            const std::string& shown_text);

/// Takes over `allowed_updates` when the call has it; an empty list means the usual kinds.
void set_allowed_updates(Bot& bot, const MethodCall& call);

/// Remembers a chat's message; the oldest of 2,000 go.
void remember_message(Chat& chat, std::int64_t message_id, base::Json message);

/// The rows of an inline keyboard in `reply_markup`; null when there is none.
[[nodiscard]] base::Json inline_keyboard(const MethodCall& call);

/// The method as Telegram writes it, or "unknown": what a caller wrote there may hold anything,
/// a token too, and is not for logs.
[[nodiscard]] std::string canonical_method(std::string_view written);

[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::int64_t to_unix_seconds(base::TimePoint time);

}  // namespace hatchery::sandbox::telegram
