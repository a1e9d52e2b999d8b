#include "store/line_cursor.hpp"

#include "core/validate.hpp"

namespace hatchery::store {

std::string line_cursor(const LinePlace& place) {
    return std::to_string(place.at.time_since_epoch().count()) + "." + place.bot.text() + "." +
           std::to_string(place.seq);
}

std::optional<LinePlace> read_line_cursor(std::string_view cursor) {
    const auto first = cursor.find('.');
    const auto last = cursor.rfind('.');
    if (first == std::string_view::npos || first == last) return std::nullopt;
    constexpr std::int64_t most = std::int64_t{1} << 60;
    const auto at = core::read_whole_number(cursor.substr(0, first), 0, most);
    const auto seq = core::read_whole_number(cursor.substr(last + 1), 0, most);
    const std::string bot(cursor.substr(first + 1, last - first - 1));
    if (!at || !seq || !base::is_uuid(bot)) return std::nullopt;
    return LinePlace{.at = base::TimePoint(base::TimePoint::duration(*at)),
                     .bot = base::BotId(bot),
                     .seq = *seq};
}

}  // namespace hatchery::store
