#include "base/log.hpp"

#include "support/catch.hpp"

using namespace hatchery::base;

TEST_CASE("a log line is one line whatever its values hold") {
    REQUIRE(format_log_line(LogLevel::info, "step_failed",
                            {{"bot", "b1"}, {"ms", 12}, {"message", "it \"broke\"\nbadly"}}) ==
            "info event=step_failed bot=b1 ms=12 message=\"it \\\"broke\\\"\\nbadly\"");
    REQUIRE(format_log_line(LogLevel::error, "x", {{"empty", ""}}) == "error event=x empty=\"\"");
}

TEST_CASE("a capture takes the lines of its thread, of every level, without their time") {
    std::vector<std::string> lines;
    {
        const LogCapture capture([&](const std::string& line) { lines.push_back(line); });
        log_event(LogLevel::debug, "quiet", {{"n", 1}});
    }
    REQUIRE(lines == std::vector<std::string>{"debug event=quiet n=1"});
}
