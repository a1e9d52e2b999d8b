#include <optional>
#include <utility>

#include "sandbox/telegram/markup.hpp"
#include "sandbox/telegram/methods.hpp"

namespace hatchery::sandbox::telegram {
namespace {

constexpr std::size_t max_text_units = 4096;

/// `source` as Telegram keeps it, by parse_mode. The two Markdown dialects stay as they were
/// written: nothing here depends on their entities.
MarkedText read_text(const MethodCall& call, const std::string& source) {
    if (to_lower(call.text("parse_mode")) == "html") return parse_html(source);
    MarkedText marked{.text = source};
    const base::Json given = call.structure("entities");
    marked.entities = given.is_array() ? given : find_typed_entities(source);
    return marked;
}

/// The text of the call, or Telegram's answer to a bad one in `refused`.
std::optional<MarkedText> take_text(const MethodCall& call, MethodReply& refused) {
    MarkedText marked = read_text(call, call.text("text"));
    if (!marked.error.empty()) {
        refused = reply_error(400, marked.error);
    } else if (is_blank(marked.text)) {
        refused = reply_error(400, "message text is empty");
    } else if (utf16_length(marked.text) > max_text_units) {
        refused = reply_error(400, "message is too long");
    } else {
        return marked;
    }
    return std::nullopt;
}

base::Json text_content(const MarkedText& marked) {
    base::Json content{{"text", marked.text}};
    if (!marked.entities.empty()) content["entities"] = marked.entities;
    return content;
}

MethodReply send_message(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    const auto marked = take_text(context.call, refused);
    if (!marked) return refused;
    return reply_ok(post_bot_message(context, *chat, text_content(*marked), marked->text));
}

/// All texts inside a rich message, block after block.
void collect_text(const base::Json& node, std::string& out) {
    if (node.is_array()) {
        for (const auto& child : node) collect_text(child, out);
        return;
    }
    if (!node.is_object()) return;
    for (const auto& [name, child] : node.items()) {
        const bool is_text = name == "text" || name == "html" || name == "markdown";
        if (is_text && child.is_string()) {
            if (!out.empty()) out += '\n';
            out += child.get<std::string>();
        } else {
            collect_text(child, out);
        }
    }
}

MethodReply send_rich_message(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    std::string text;
    collect_text(context.call.structure("rich_message"), text);
    if (is_blank(text)) return reply_error(400, "message text is empty");
    return reply_ok(post_bot_message(context, *chat, {{"text", text}}, text));
}

/// The message that `message_id` names, or null with the answer in `refused`.
base::Json* find_message(MethodContext& context, Chat& chat, MethodReply& refused,
                         const std::string& purpose) {
    const auto found = chat.messages.find(context.call.integer("message_id").value_or(0));
    if (found != chat.messages.end()) return &found->second;
    refused = reply_error(400, "message to " + purpose + " not found");
    return nullptr;
}

void note(MethodContext& context, const Chat& chat, std::int64_t message_id, std::string text,
          const char* method, base::Json entities = nullptr, base::Json keyboard = nullptr) {
    context.transcript.add(context.bot.id, TranscriptItem{.at = context.now,
                                                          .speaker = Speaker::bot,
                                                          .chat_id = chat.id,
                                                          .message_id = message_id,
                                                          .text = std::move(text),
                                                          .method = method,
                                                          .entities = std::move(entities),
                                                          .keyboard = std::move(keyboard)});
}

/// The members that make a message's content; Telegram calls an edit without change an error.
base::Json content_of(const base::Json& message) {
    base::Json content = base::Json::object();
    for (const char* name : {"text", "caption", "entities", "reply_markup"}) {
        if (message.contains(name)) content[name] = message.at(name);
    }
    return content;
}

MethodReply finish_edit(MethodContext& context, const Chat& chat, base::Json& message,
                        base::Json edited, const char* method) {
    const base::Json keyboard = inline_keyboard(context.call);
    edited.erase("reply_markup");
    if (keyboard.is_array()) edited["reply_markup"] = {{"inline_keyboard", keyboard}};
    if (content_of(edited) == content_of(message)) {
        return reply_error(400,
                           "message is not modified: specified new message content and reply "
                           "markup are exactly the same as a current content and reply markup of "
                           "the message");
    }
    edited["edit_date"] = to_unix_seconds(context.now);
    message = std::move(edited);
    const std::string text =
        base::json_string(message, "text", base::json_string(message, "caption"));
    note(context, chat, message.at("message_id").get<std::int64_t>(), text, method,
         base::json_member(message, "entities"), keyboard);
    return reply_ok(message);
}

MethodReply edit_message_text(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    base::Json* message = find_message(context, *chat, refused, "edit");
    if (message == nullptr) return refused;
    base::Json edited = *message;
    edited.erase("entities");
    if (context.call.has("rich_message")) {
        std::string text;
        collect_text(context.call.structure("rich_message"), text);
        edited["text"] = text;
    } else {
        const auto marked = take_text(context.call, refused);
        if (!marked) return refused;
        edited.update(text_content(*marked));
    }
    return finish_edit(context, *chat, *message, std::move(edited), "editMessageText");
}

MethodReply edit_message_caption(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    base::Json* message = find_message(context, *chat, refused, "edit");
    if (message == nullptr) return refused;
    const MarkedText marked = read_text(context.call, context.call.text("caption"));
    if (!marked.error.empty()) return reply_error(400, marked.error);
    base::Json edited = *message;
    edited["caption"] = marked.text;
    return finish_edit(context, *chat, *message, std::move(edited), "editMessageCaption");
}

MethodReply edit_message_reply_markup(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    base::Json* message = find_message(context, *chat, refused, "edit");
    if (message == nullptr) return refused;
    return finish_edit(context, *chat, *message, *message, "editMessageReplyMarkup");
}

MethodReply delete_message(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    const auto message_id = context.call.integer("message_id").value_or(0);
    if (chat->messages.erase(message_id) == 0) {
        return reply_error(400, "message to delete not found");
    }
    note(context, *chat, message_id, "", "deleteMessage");
    return reply_ok(true);
}

MethodReply delete_messages(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    for (const auto& id : context.call.structure("message_ids")) {
        if (!id.is_number_integer()) continue;
        const auto message_id = id.get<std::int64_t>();
        if (chat->messages.erase(message_id) > 0) {
            note(context, *chat, message_id, "", "deleteMessage");
        }
    }
    return reply_ok(true);
}

MethodReply set_message_reaction(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    if (find_message(context, *chat, refused, "react") == nullptr) return refused;
    std::string emoji;
    for (const auto& reaction : context.call.structure("reaction")) {
        emoji += base::json_string(reaction, "emoji");
    }
    note(context, *chat, context.call.integer("message_id").value_or(0), emoji,
         "setMessageReaction");
    return reply_ok(true);
}

MethodReply copy_message(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    const auto source = context.bot.chats.find(context.call.integer("from_chat_id").value_or(0));
    if (source == context.bot.chats.end()) return reply_error(400, "chat not found");
    base::Json* message = find_message(context, source->second, refused, "copy");
    if (message == nullptr) return refused;
    const base::Json content = content_of(*message);
    const base::Json sent =
        post_bot_message(context, *chat, content, base::json_string(content, "text"));
    const bool is_copy = to_lower(context.call.method) == "copymessage";
    return reply_ok(is_copy ? base::Json{{"message_id", sent.at("message_id")}} : sent);
}

/// A draft is shown while the bot thinks and is no message: the chat sees it as typing.
MethodReply send_message_draft(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    chat->action = ChatAction{.name = "typing", .until = context.now + std::chrono::seconds(5)};
    ++context.bot.action_version;
    return reply_ok(true);
}

}  // namespace

void add_message_methods(MethodTable& table) {
    table["sendmessage"] = {"sendMessage", send_message};
    table["sendrichmessage"] = {"sendRichMessage", send_rich_message};
    table["sendmessagedraft"] = {"sendMessageDraft", send_message_draft};
    table["editmessagetext"] = {"editMessageText", edit_message_text};
    table["editmessagecaption"] = {"editMessageCaption", edit_message_caption};
    table["editmessagereplymarkup"] = {"editMessageReplyMarkup", edit_message_reply_markup};
    table["deletemessage"] = {"deleteMessage", delete_message};
    table["deletemessages"] = {"deleteMessages", delete_messages};
    table["deletebusinessmessages"] = {"deleteBusinessMessages", delete_messages};
    table["setmessagereaction"] = {"setMessageReaction", set_message_reaction};
    table["copymessage"] = {"copyMessage", copy_message};
    table["forwardmessage"] = {"forwardMessage", copy_message};
}

}  // namespace hatchery::sandbox::telegram
