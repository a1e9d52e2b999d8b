#include "base/log.hpp"

#include <unistd.h>

#include <atomic>

#include "base/clock.hpp"
#include "base/fault_listener.hpp"

namespace hatchery::base {

namespace {

std::atomic<LogLevel> minimum_level{LogLevel::info};
thread_local const std::function<void(const std::string&)>* thread_take = nullptr;

std::atomic<std::shared_ptr<const FaultListener>> fault_listener;

std::string_view level_text(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "?";
}

void append_value(std::string& line, std::string_view value) {
    const bool plain =
        !value.empty() && value.find_first_of(" \"=\\\n\r\t") == std::string_view::npos;
    if (plain) {
        line += value;
        return;
    }
    line += '"';
    for (const char c : value) {
        switch (c) {
            case '"':
                line += "\\\"";
                break;
            case '\\':
                line += "\\\\";
                break;
            case '\n':
                line += "\\n";
                break;
            case '\r':
                line += "\\r";
                break;
            default:
                line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        }
    }
    line += '"';
}

}  // namespace

void set_log_level(LogLevel level) { minimum_level.store(level, std::memory_order_relaxed); }

void set_fault_listener(std::shared_ptr<const FaultListener> listener) {
    fault_listener.store(std::move(listener));
}

std::string format_log_line(LogLevel level, std::string_view event,
                            std::initializer_list<LogField> fields) {
    std::string line(level_text(level));
    line += " event=";
    line += event;
    for (const LogField& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_value(line, field.value);
    }
    return line;
}

LogCapture::LogCapture(std::function<void(const std::string&)> take)
    : take_(std::move(take)), outer_(std::exchange(thread_take, &take_)) {}

LogCapture::~LogCapture() { thread_take = outer_; }

void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
    if (thread_take != nullptr) return (*thread_take)(format_log_line(level, event, fields));
    if (level == LogLevel::error) {
        if (const auto listener = fault_listener.load()) (*listener)(event, fields);
    }
    if (level < minimum_level.load(std::memory_order_relaxed)) return;
    std::string line = format_time(SystemClock{}.now());
    line += ' ';
    line += format_log_line(level, event, fields);
    line += '\n';
    // A lost log line is not worth failing for.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace hatchery::base
