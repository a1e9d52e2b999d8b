#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hatchery::core {

/// A person who wrote to a bot, as Telegram tells it: names are the person's own choice.
struct UpdateSender {
    std::int64_t user_id = 0;
    std::string name;
    /// Without `@`; empty when the person has none.
    std::string username;
};

/// Who sent an update (Bot API, `Update`) in a private chat, where the chat has the person's id.
/// Nothing for an update of a group, a channel or another bot, and for a text that is no update.
[[nodiscard]] std::optional<UpdateSender> sender_of(std::string_view update);

}  // namespace hatchery::core
