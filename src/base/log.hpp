#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace hatchery::base {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// One value of a log line; numbers and text alike. There is none for Secret, on purpose.
struct LogField {
    std::string_view key;
    std::string value;

    LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
    LogField(std::string_view k, const char* v) : key(k), value(v) {}
    LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
    LogField(std::string_view k, long long v) : key(k), value(std::to_string(v)) {}
    LogField(std::string_view k, long v) : key(k), value(std::to_string(v)) {}
    LogField(std::string_view k, int v) : key(k), value(std::to_string(v)) {}
    LogField(std::string_view k, unsigned long v) : key(k), value(std::to_string(v)) {}
};

/// Lines below this level are not written; info at the start. Thread-safe.
void set_log_level(LogLevel level);

/// Writes one line `time level event=… key=value …` to standard error in one write, so lines of
/// several threads never mix. Values with spaces or quotes are quoted. Thread-safe.
void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

/// While it lives, what this thread logs (at any level) goes to `take` as lines without their time
/// and not to standard error. For tests; ends on the thread that it began on.
class LogCapture {
public:
    explicit LogCapture(std::function<void(const std::string& line)> take);
    ~LogCapture();
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;

private:
    std::function<void(const std::string&)> take_;
    const std::function<void(const std::string&)>* outer_;
};

/// The line that log_event writes, without the time; for tests.
[[nodiscard]] std::string format_log_line(LogLevel level, std::string_view event,
                                          std::initializer_list<LogField> fields);

}  // namespace hatchery::base
