#include "core/update_sender.hpp"

#include "base/json_value.hpp"

namespace hatchery::core {

namespace {

using base::Json;
using base::json_int;
using base::json_member;
using base::json_string;

/// The chat of the content, or of the message that it is about.
const Json& chat_of(const Json& content) {
    const Json& chat = json_member(content, "chat");
    return chat.is_object() ? chat : json_member(json_member(content, "message"), "chat");
}

}  // namespace

std::optional<UpdateSender> sender_of(std::string_view update) {
    const auto parsed = base::parse_json(update);
    if (!parsed || !parsed->is_object()) return std::nullopt;
    // Every kind of update has one object beside `update_id`.
    for (const auto& [kind, content] : parsed->items()) {
        if (!content.is_object()) continue;
        const Json& from = json_member(content, "from");
        const auto id = json_int(from, "id");
        const bool person = id > 0 && !base::json_bool(from, "is_bot");
        if (!person || json_int(chat_of(content), "id") != id) continue;
        const std::string last = json_string(from, "last_name");
        return UpdateSender{
            .user_id = id,
            .name = json_string(from, "first_name") + (last.empty() ? "" : " " + last),
            .username = json_string(from, "username")};
    }
    return std::nullopt;
}

}  // namespace hatchery::core
