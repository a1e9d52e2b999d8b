#include "base/clock.hpp"

#include <fmt/format.h>

#include <cctype>

namespace hatchery::base {

namespace {

/// Reads exactly `digits` decimal digits at `position` and moves past them.
std::optional<int> read_number(std::string_view text, std::size_t& position, std::size_t digits) {
    if (position + digits > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        const char c = text[position + i];
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    position += digits;
    return value;
}

bool skip(std::string_view text, std::size_t& position, std::string_view any_of) {
    if (position >= text.size() || any_of.find(text[position]) == std::string_view::npos) {
        return false;
    }
    ++position;
    return true;
}

std::chrono::microseconds read_fraction(std::string_view text, std::size_t& position) {
    long micros = 0;
    long scale = 100'000;
    while (position < text.size() && std::isdigit(static_cast<unsigned char>(text[position]))) {
        micros += scale * (text[position] - '0');
        scale /= 10;
        ++position;
    }
    return std::chrono::microseconds{micros};
}

std::optional<std::chrono::minutes> read_offset(std::string_view text, std::size_t& position) {
    if (position >= text.size()) return std::nullopt;
    const char sign = text[position++];
    if (sign == 'Z' || sign == 'z') return std::chrono::minutes{0};
    if (sign != '+' && sign != '-') return std::nullopt;
    const auto hours = read_number(text, position, 2);
    skip(text, position, ":");
    const auto minutes = position < text.size() ? read_number(text, position, 2) : 0;
    if (!hours || !minutes) return std::nullopt;
    const std::chrono::minutes offset{*hours * 60 + *minutes};
    return sign == '-' ? -offset : offset;
}

}  // namespace

TimePoint SystemClock::now() const {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
}

std::string format_time(TimePoint time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<milliseconds>(time - day)};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int(date.year()),
                       unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

std::optional<TimePoint> parse_time(std::string_view text) {
    using namespace std::chrono;
    std::size_t at = 0;
    const auto year = read_number(text, at, 4);
    if (!year || !skip(text, at, "-")) return std::nullopt;
    const auto month = read_number(text, at, 2);
    if (!month || !skip(text, at, "-")) return std::nullopt;
    const auto day = read_number(text, at, 2);
    if (!day || !skip(text, at, "Tt ")) return std::nullopt;
    const auto hour = read_number(text, at, 2);
    if (!hour || !skip(text, at, ":")) return std::nullopt;
    const auto minute = read_number(text, at, 2);
    if (!minute || !skip(text, at, ":")) return std::nullopt;
    const auto second = read_number(text, at, 2);
    if (!second) return std::nullopt;
    const microseconds fraction = skip(text, at, ".") ? read_fraction(text, at) : microseconds{0};
    const auto offset = read_offset(text, at);
    const year_month_day date{std::chrono::year{*year}, std::chrono::month(unsigned(*month)),
                              std::chrono::day(unsigned(*day))};
    if (!offset || at != text.size() || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    return sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second} + fraction - *offset;
}

std::string format_duration(std::chrono::microseconds duration) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
    if (ms < 1'000) return fmt::format("{} ms", ms);
    if (ms < 60'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000.0);
    const auto seconds = ms / 1000;
    if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

}  // namespace hatchery::base
