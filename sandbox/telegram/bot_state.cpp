#include "sandbox/telegram/bot_state.hpp"

#include <algorithm>

namespace hatchery::sandbox::telegram {

base::Json user_json(const ChatUser& user) {
    return {{"id", user.id},
            {"is_bot", false},
            {"first_name", user.first_name},
            {"username", user.username},
            {"language_code", "en"}};
}

base::Json Chat::to_json() const {
    if (id < 0) {
        const bool is_super = std::to_string(id).starts_with("-100");
        return {
            {"id", id}, {"title", "Sandbox group"}, {"type", is_super ? "supergroup" : "group"}};
    }
    base::Json out{{"id", id}, {"type", "private"}};
    const auto user = members.find(id);
    if (user != members.end()) {
        out["first_name"] = user->second.first_name;
        out["username"] = user->second.username;
    }
    return out;
}

std::string Bot::username() const { return "sandbox_" + std::to_string(id) + "_bot"; }

std::string Bot::first_name() const {
    const auto named = profile.find("name|");
    return named == profile.end() ? "Sandbox Bot " + std::to_string(id % 10'000)
                                  : named->second.get<std::string>();
}

base::Json Bot::to_user_json() const {
    return {{"id", id}, {"is_bot", true}, {"first_name", first_name()}, {"username", username()}};
}

bool Bot::wants(const std::string& update_kind) const {
    if (allowed_updates.empty()) {
        return update_kind != "chat_member" && !update_kind.starts_with("message_reaction");
    }
    return std::find(allowed_updates.begin(), allowed_updates.end(), update_kind) !=
           allowed_updates.end();
}

}  // namespace hatchery::sandbox::telegram
