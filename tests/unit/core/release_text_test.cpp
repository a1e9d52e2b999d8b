#include "core/release_text.hpp"

#include "support/catch.hpp"

using namespace hatchery;

TEST_CASE("the version is read from what the installing step said, and from nothing else") {
    CHECK(core::installed_version(core::installed_text("2026.9.6")) == "2026.9.6");
    for (const char* text : {"", "OpenClaw  is installed", "OpenClaw is installed",
                             "sending OpenClaw 2026.9.6", "OpenClaw 2026.9.6 is installed twice"}) {
        CAPTURE(text);
        CHECK(core::installed_version(text).empty());
    }
}
