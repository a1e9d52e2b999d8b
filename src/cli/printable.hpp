#pragma once

#include <string>
#include <string_view>

namespace hatchery::cli {

/// What becomes of line feeds.
enum class Lines : unsigned char { joined, kept };

/// Text that others wrote, as a terminal may have it: a server's log line or a bot's reply must not
/// move the cursor, set a title or fill a clipboard. Control characters but tabs become `?`, or
/// blanks where they end lines; with `Lines::kept` line feeds stay.
[[nodiscard]] std::string printable(std::string_view text, Lines lines = Lines::joined);

}  // namespace hatchery::cli
