#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace hatchery::store {

/// The place of a line among those of all bots.
struct LinePlace {
    base::TimePoint at;
    base::BotId bot;
    std::int64_t seq = 0;
};

/// The place as a search's `next` says it.
[[nodiscard]] std::string line_cursor(const LinePlace& place);
/// Nothing for a text that is none of ours.
[[nodiscard]] std::optional<LinePlace> read_line_cursor(std::string_view cursor);

}  // namespace hatchery::store
