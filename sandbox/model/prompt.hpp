#pragma once

#include <string>
#include <string_view>

#include "base/json_value.hpp"

namespace hatchery::sandbox::model {

/// What the person said last, in a request of any of the protocols: `messages` of chat completions
/// and of Anthropic, or `input` of responses. Agents wrap a person's words in what their model
/// should know (time, sender, state); that is taken off. Empty when nobody said anything.
[[nodiscard]] std::string last_user_text(const base::Json& conversation);

/// One message without what OpenClaw puts around it (seen in 2026.9.6): a time stamp, fenced blocks
/// of conversation data in front, internal context and a `Runtime:` line behind.
[[nodiscard]] std::string strip_agent_wrapping(std::string_view text);

/// A rough count of tokens for `usage`.
[[nodiscard]] long long estimate_tokens(std::string_view text);

}  // namespace hatchery::sandbox::model
