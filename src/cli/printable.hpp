#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace hatchery::cli {

/// What becomes of line feeds.
enum class Lines : unsigned char { joined, kept };

/// What stands in a character's place: `?`, or its escape `\u009b`, which in JSON means the same.
enum class Replaced : unsigned char { by_mark, by_escape };

/// Text that others wrote, as a terminal may have it: a name, a server's log line or a bot's reply
/// must not move the cursor, set a title, fill a clipboard or turn the direction of what follows.
/// Control characters but tabs (C1 also as a byte of its own, which is no UTF-8), and what embeds
/// or overrides a direction, become `?`, or blanks where they end lines; with `Lines::kept` line
/// feeds stay.
[[nodiscard]] std::string printable(std::string_view text, Lines lines = Lines::joined,
                                    Replaced replaced = Replaced::by_mark);

/// A text of an answer as it may stand in a row: printable, on one line.
[[nodiscard]] std::string shown(const base::Json& object, std::string_view key,
                                std::string_view otherwise = {});

}  // namespace hatchery::cli
