#include "sandbox/telegram/methods.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace hatchery::sandbox::telegram {

const MethodTable& method_table() {
    static const MethodTable table = [] {
        MethodTable all;
        add_webhook_methods(all);
        add_message_methods(all);
        add_media_methods(all);
        add_profile_methods(all);
        add_chat_methods(all);
        return all;
    }();
    return table;
}

Chat* find_chat(MethodContext& context, MethodReply& refused) {
    const std::string name = context.call.text("chat_id");
    if (name.empty()) {
        refused = reply_error(400, "chat_id is empty");
        return nullptr;
    }
    if (const auto id = context.call.integer("chat_id")) {
        const auto found = context.bot.chats.find(*id);
        if (found != context.bot.chats.end()) return &found->second;
    }
    refused = reply_error(400, "chat not found");
    return nullptr;
}

void remember_message(Chat& chat, std::int64_t message_id, base::Json message) {
    constexpr std::size_t max_messages = 2'000;
    chat.messages[message_id] = std::move(message);
    if (chat.messages.size() > max_messages) chat.messages.erase(chat.messages.begin());
}

base::Json inline_keyboard(const MethodCall& call) {
    const base::Json markup = call.structure("reply_markup");
    const base::Json& rows = base::json_member(markup, "inline_keyboard");
    return rows.is_array() ? rows : base::Json();
}

namespace {

/// The id of the message that is answered, from either form of the parameter.
std::int64_t replied_message_id(const MethodCall& call) {
    const base::Json reply = call.structure("reply_parameters");
    const auto modern = base::json_int(reply, "message_id", 0);
    return modern != 0 ? modern : call.integer("reply_to_message_id").value_or(0);
}

}  // namespace

base::Json post_bot_message(MethodContext& context, Chat& chat, const base::Json& content,
                            const std::string& shown_text) {
    Bot& bot = context.bot;
    const std::int64_t message_id = bot.next_message_id++;
    base::Json message{{"message_id", message_id},
                       {"from", bot.to_user_json()},
                       {"chat", chat.to_json()},
                       {"date", to_unix_seconds(context.now)}};
    message.update(content);
    const auto replied = chat.messages.find(replied_message_id(context.call));
    if (replied != chat.messages.end()) {
        message["reply_to_message"] = replied->second;
        message["reply_to_message"].erase("reply_to_message");
    }
    const base::Json keyboard = inline_keyboard(context.call);
    if (keyboard.is_array()) message["reply_markup"] = {{"inline_keyboard", keyboard}};
    remember_message(chat, message_id, message);
    chat.action.reset();
    context.transcript.add(
        bot.id, TranscriptItem{
                    .at = context.now,
                    .speaker = Speaker::bot,
                    .chat_id = chat.id,
                    .message_id = message_id,
                    .text = shown_text,
                    .method = canonical_method(context.call.method),
                    .entities = message.contains("entities") ? message["entities"] : base::Json(),
                    .keyboard = keyboard});
    return message;
}

std::string canonical_method(std::string_view written) {
    const std::string lower = to_lower(written);
    if (lower == "getupdates") return "getUpdates";
    const auto method = method_table().find(lower);
    return method == method_table().end() ? "unknown" : method->second.name;
}

std::string to_lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::int64_t to_unix_seconds(base::TimePoint time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace hatchery::sandbox::telegram
