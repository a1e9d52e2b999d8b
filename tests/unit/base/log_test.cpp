#include "base/log.hpp"

#include "support/catch.hpp"

using namespace hatchery::base;

TEST_CASE("a log line is one line whatever its values hold") {
    REQUIRE(format_log_line(LogLevel::info, "step_failed",
                            {{"bot", "b1"}, {"ms", 12}, {"message", "it \"broke\"\nbadly"}}) ==
            "info event=step_failed bot=b1 ms=12 message=\"it \\\"broke\\\"\\nbadly\"");
    REQUIRE(format_log_line(LogLevel::error, "x", {{"empty", ""}}) == "error event=x empty=\"\"");
}
