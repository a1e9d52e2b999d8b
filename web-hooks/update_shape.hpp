#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace hatchery::web_hooks {

/// What the inbox needs to know of an update; the rest is the bot's business.
struct UpdateShape {
    std::int64_t update_id = 0;
    /// The chat whose order is kept: the chat it happened in, else the user it came from, else
    /// zero.
    std::int64_t chat_id = 0;
};

/// Longest update that is taken: OpenClaw's listener refuses longer ones.
inline constexpr std::size_t max_update_bytes = 1U << 20U;

/// Reads an update (Bot API, `Update`). `invalid` when the text is no JSON object of moderate
/// depth in UTF-8, or has no `update_id` that fits 64 bits and is not negative.
[[nodiscard]] base::Result<UpdateShape> read_update(std::string_view body);

}  // namespace hatchery::web_hooks
