#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hatchery::base {

/// Wall-clock time in UTC with the database's resolution.
using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;
using Milliseconds = std::chrono::milliseconds;

/// The engine's only source of time; the simulation replaces it. Thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual TimePoint now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
public:
    [[nodiscard]] TimePoint now() const override;
};

/// RFC 3339 in UTC with milliseconds, as the API shows times: `2026-11-21T06:00:00.123Z`.
[[nodiscard]] std::string format_time(TimePoint time);
/// Reads what format_time writes (any number of fraction digits, `Z` or an offset).
[[nodiscard]] std::optional<TimePoint> parse_time(std::string_view text);
/// `850 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`: for people.
[[nodiscard]] std::string format_duration(std::chrono::microseconds duration);

}  // namespace hatchery::base
