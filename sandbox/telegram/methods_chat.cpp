#include <string>
#include <utility>

#include "sandbox/telegram/methods.hpp"

namespace hatchery::sandbox::telegram {
namespace {

constexpr std::chrono::seconds action_lifetime{5};

MethodReply send_chat_action(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    const std::string action = context.call.text("action");
    if (action.empty()) return reply_error(400, "wrong parameter action in request");
    chat->action = ChatAction{.name = action, .until = context.now + action_lifetime};
    ++context.bot.action_version;
    return reply_ok(true);
}

MethodReply get_chat(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    base::Json out = chat->to_json();
    out["accent_color_id"] = 0;
    out["max_reaction_count"] = 11;
    out["accepted_gift_types"] = base::Json::object();
    const auto pinned = chat->messages.find(chat->pinned_message_id.value_or(0));
    if (pinned != chat->messages.end()) out["pinned_message"] = pinned->second;
    return reply_ok(std::move(out));
}

MethodReply get_chat_member(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    const auto user_id = context.call.integer("user_id").value_or(0);
    if (user_id == context.bot.id) {
        return reply_ok({{"status", "member"}, {"user", context.bot.to_user_json()}});
    }
    const auto member = chat->members.find(user_id);
    if (member == chat->members.end()) return reply_error(400, "user not found");
    return reply_ok({{"status", "member"}, {"user", user_json(member->second)}});
}

MethodReply get_chat_member_count(MethodContext& context) {
    MethodReply refused;
    const Chat* chat = find_chat(context, refused);
    return chat == nullptr ? refused : reply_ok(chat->members.size() + 1);
}

MethodReply get_chat_administrators(MethodContext& context) {
    MethodReply refused;
    const Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    if (chat->id > 0) {
        return reply_error(400, "there are no administrators in the private chat");
    }
    return reply_ok(base::Json::array());
}

MethodReply pin_chat_message(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    const auto message_id = context.call.integer("message_id").value_or(0);
    if (!chat->messages.contains(message_id)) {
        return reply_error(400, "message to pin not found");
    }
    chat->pinned_message_id = message_id;
    return reply_ok(true);
}

MethodReply unpin_chat_message(MethodContext& context) {
    MethodReply refused;
    Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    chat->pinned_message_id.reset();
    return reply_ok(true);
}

MethodReply forum_topic(MethodContext& context) {
    MethodReply refused;
    const Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    return reply_error(400, "the chat is not a forum");
}

MethodReply leave_chat(MethodContext& context) {
    MethodReply refused;
    const Chat* chat = find_chat(context, refused);
    if (chat == nullptr) return refused;
    if (chat->id > 0)
        return reply_error(400, "chat member status can't be changed in private chats");
    context.bot.chats.erase(chat->id);
    return reply_ok(true);
}

}  // namespace

void add_chat_methods(MethodTable& table) {
    table["sendchataction"] = {"sendChatAction", send_chat_action};
    table["getchat"] = {"getChat", get_chat};
    table["getchatmember"] = {"getChatMember", get_chat_member};
    table["getchatmembercount"] = {"getChatMemberCount", get_chat_member_count};
    table["getchatadministrators"] = {"getChatAdministrators", get_chat_administrators};
    table["pinchatmessage"] = {"pinChatMessage", pin_chat_message};
    table["unpinchatmessage"] = {"unpinChatMessage", unpin_chat_message};
    table["unpinallchatmessages"] = {"unpinAllChatMessages", unpin_chat_message};
    table["createforumtopic"] = {"createForumTopic", forum_topic};
    table["editforumtopic"] = {"editForumTopic", forum_topic};
    table["deleteforumtopic"] = {"deleteForumTopic", forum_topic};
    table["leavechat"] = {"leaveChat", leave_chat};
}

}  // namespace hatchery::sandbox::telegram
