#include <algorithm>
#include <string>
#include <utility>

#include "sandbox/telegram/methods.hpp"

namespace hatchery::sandbox::telegram {
namespace {

MethodReply get_me(MethodContext& context) {
    base::Json me = context.bot.to_user_json();
    me["can_join_groups"] = true;
    me["can_read_all_group_messages"] = false;
    me["supports_inline_queries"] = false;
    me["can_connect_to_business"] = false;
    me["has_main_web_app"] = false;
    return reply_ok(std::move(me));
}

/// Commands are kept apart by scope and language.
std::string command_key(const MethodCall& call) {
    base::Json scope = call.structure("scope");
    if (!scope.is_object()) scope = {{"type", "default"}};
    return base::dump_json(scope) + "|" + call.text("language_code");
}

bool is_command_name(const std::string& name) {
    return !name.empty() && name.size() <= 32 &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

MethodReply set_my_commands(MethodContext& context) {
    const base::Json commands = context.call.structure("commands");
    if (!commands.is_array()) return reply_error(400, "can't parse commands JSON object");
    if (commands.size() > 100) return reply_error(400, "BOT_COMMANDS_TOO_MUCH");
    for (const auto& command : commands) {
        if (!is_command_name(base::json_string(command, "command"))) {
            return reply_error(400, "BOT_COMMAND_INVALID");
        }
        if (base::json_string(command, "description").empty()) {
            return reply_error(400, "BOT_COMMAND_DESCRIPTION_INVALID");
        }
    }
    context.bot.commands[command_key(context.call)] = commands;
    return reply_ok(true);
}

MethodReply delete_my_commands(MethodContext& context) {
    context.bot.commands.erase(command_key(context.call));
    return reply_ok(true);
}

MethodReply get_my_commands(MethodContext& context) {
    const auto found = context.bot.commands.find(command_key(context.call));
    return reply_ok(found == context.bot.commands.end() ? base::Json::array() : found->second);
}

/// A field of the bot's profile is kept by the method's name without get, set and "My".
MethodReply set_field(MethodContext& context, const std::string& field) {
    const std::string key = field + "|" + context.call.text("language_code");
    const std::string value = context.call.text(field);
    if (value.empty()) {
        context.bot.profile.erase(key);
    } else {
        context.bot.profile[key] = value;
    }
    return reply_ok(true);
}

MethodReply get_field(MethodContext& context, const std::string& field,
                      const std::string& otherwise) {
    const auto found = context.bot.profile.find(field + "|" + context.call.text("language_code"));
    return reply_ok(
        {{field,
          found == context.bot.profile.end() ? otherwise : found->second.get<std::string>()}});
}

MethodReply set_my_name(MethodContext& c) { return set_field(c, "name"); }
MethodReply get_my_name(MethodContext& c) { return get_field(c, "name", c.bot.first_name()); }
MethodReply set_description(MethodContext& c) { return set_field(c, "description"); }
MethodReply get_description(MethodContext& c) { return get_field(c, "description", ""); }
MethodReply set_short(MethodContext& c) { return set_field(c, "short_description"); }
MethodReply get_short(MethodContext& c) { return get_field(c, "short_description", ""); }

MethodReply accept(MethodContext& /*context*/) { return reply_ok(true); }

MethodReply get_menu_button(MethodContext& /*context*/) { return reply_ok({{"type", "commands"}}); }

MethodReply get_user_profile_photos(MethodContext& /*context*/) {
    return reply_ok({{"total_count", 0}, {"photos", base::Json::array()}});
}

}  // namespace

void add_profile_methods(MethodTable& table) {
    table["getme"] = {"getMe", get_me};
    table["setmycommands"] = {"setMyCommands", set_my_commands};
    table["deletemycommands"] = {"deleteMyCommands", delete_my_commands};
    table["getmycommands"] = {"getMyCommands", get_my_commands};
    table["setmyname"] = {"setMyName", set_my_name};
    table["getmyname"] = {"getMyName", get_my_name};
    table["setmydescription"] = {"setMyDescription", set_description};
    table["getmydescription"] = {"getMyDescription", get_description};
    table["setmyshortdescription"] = {"setMyShortDescription", set_short};
    table["getmyshortdescription"] = {"getMyShortDescription", get_short};
    table["setchatmenubutton"] = {"setChatMenuButton", accept};
    table["getchatmenubutton"] = {"getChatMenuButton", get_menu_button};
    table["getuserprofilephotos"] = {"getUserProfilePhotos", get_user_profile_photos};
    table["answercallbackquery"] = {"answerCallbackQuery", accept};
    table["logout"] = {"logOut", accept};
    table["close"] = {"close", accept};
}

}  // namespace hatchery::sandbox::telegram
