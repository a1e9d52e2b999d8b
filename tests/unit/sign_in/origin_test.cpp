#include "core/origin.hpp"

#include "core/session.hpp"
#include "support/catch.hpp"

namespace hatchery::core {

TEST_CASE("a write comes from our own page or is refused") {
    struct Row {
        std::string_view public_url;
        std::optional<std::string_view> origin;
        std::optional<std::string_view> fetch_site;
        bool good;
    };
    const std::vector<Row> rows = {
        {"https://h.example", "https://h.example", "same-origin", true},
        {"https://h.example", "https://H.EXAMPLE:443", {}, true},
        {"https://h.example:8443/base", "https://h.example:8443", {}, true},
        {"http://127.0.0.1:8080", "http://127.0.0.1:8080", {}, true},
        {"http://127.0.0.1:80", "http://127.0.0.1", {}, true},
        {"https://h.example", {}, {}, true},
        {"https://h.example", {}, "same-origin", true},
        {"https://h.example", {}, "same-site", false},
        {"https://h.example", "https://h.example", "cross-site", false},
        {"https://h.example", "https://h.example", "none", false},
        {"https://h.example", "https://h.example", "", false},
        {"https://h.example", "http://h.example", {}, false},
        {"https://h.example", "https://h.example.evil.example", {}, false},
        {"https://h.example", "https://evil.example/https://h.example", {}, false},
        {"https://h.example", "https://h.example/", {}, false},
        {"https://h.example", "https://h.example@evil.example", {}, false},
        {"https://h.example", "https://sub.h.example", {}, false},
        {"https://h.example", "https://h.example:80", {}, false},
        {"https://h.example", "null", {}, false},
        {"https://h.example", "", {}, false},
        {"", "", {}, false},
    };
    for (const auto& row : rows) {
        INFO(row.public_url << " " << row.origin.value_or("(none)") << " "
                            << row.fetch_site.value_or("(none)"));
        CHECK(!check_origin(row.public_url, {row.origin, row.fetch_site}) == row.good);
    }
}

TEST_CASE("after sign-in a browser goes to a path of this site only") {
    for (const char* good : {"/", "/bots", "/bots/1?x=%2F%2Fy#top", "/a//b", "/@x"}) {
        INFO(good);
        CHECK_FALSE(check_return_path(good));
    }
    const std::string zero("/a\0b", 4);
    const std::vector<std::string> bad = {"",
                                          "bots",
                                          "//evil.example",
                                          "/\\evil.example",
                                          "\\/evil.example",
                                          "https://evil",
                                          "/a b",
                                          "/a\tb",
                                          "/a\r\nX: y",
                                          "/\xC3\xA4",
                                          "javascript:x",
                                          zero,
                                          " /bots",
                                          std::string(513, '/').replace(1, 1, "a")};
    for (const auto& path : bad) {
        INFO(path);
        CHECK(check_return_path(path));
    }
}

TEST_CASE("a session ends at the earlier of its two limits") {
    using namespace std::chrono_literals;
    const base::TimePoint start = base::parse_time("2026-03-01T10:00:00Z").value();
    const SessionLimits limits{.idle = 1h, .absolute = 24h};
    const SessionTimes fresh{.last_used_at = start, .expires_at = start + 24h};
    CHECK(is_alive(fresh, limits, start + 1h - 1us));
    CHECK_FALSE(is_alive(fresh, limits, start + 1h));
    const SessionTimes used{.last_used_at = start + 23h + 59min, .expires_at = start + 24h};
    CHECK(is_alive(used, limits, start + 24h - 1us));
    CHECK_FALSE(is_alive(used, limits, start + 24h));
    CHECK(ends_at(fresh, limits) == start + 1h);
    CHECK(ends_at(used, limits) == start + 24h);
}

}  // namespace hatchery::core
