#include <map>
#include <regex>

#include "base/error.hpp"
#include "config/settings.hpp"
#include "core/alarms.hpp"
#include "document.hpp"
#include "support/catch.hpp"

using namespace hatchery;
namespace fs = std::filesystem;

namespace {

std::string guide() { return documents::text_of(documents::root() / "docs/operating.md"); }

/// The text below a heading, up to the next one.
std::string section(const std::string& heading) {
    const auto text = guide();
    const auto start = text.find("\n## " + heading + "\n");
    CAPTURE(heading);
    REQUIRE(start != std::string::npos);
    return text.substr(start, text.find("\n## ", start + 1) - start);
}

/// The names in the first cells of all table rows.
std::set<std::string> first_cells(const std::string& text) {
    std::set<std::string> names;
    static const std::regex row("(^|\n)\\| ([^|]+) \\|");
    for (auto at = std::sregex_iterator(text.begin(), text.end(), row);
         at != std::sregex_iterator(); ++at) {
        names.merge(documents::names_in((*at)[2]));
    }
    return names;
}

/// Every event that the program logs at this level, with the file that does.
std::map<std::string, std::string> logged_at(const std::string& level) {
    static const std::regex call("log_event\\(([^\";]*),\\s*\"([a-z_]+)\"");
    std::map<std::string, std::string> events;
    for (const char* folder : {"src", "providers", "web-hooks"}) {
        for (const auto& entry : fs::recursive_directory_iterator(documents::root() / folder)) {
            if (entry.path().extension() != ".cpp") continue;
            const auto text = documents::text_of(entry.path());
            for (auto at = std::sregex_iterator(text.begin(), text.end(), call);
                 at != std::sregex_iterator(); ++at) {
                if ((*at)[1].str().find("LogLevel::" + level) != std::string::npos) {
                    events.emplace((*at)[2], entry.path().string());
                }
            }
        }
    }
    return events;
}

}  // namespace

TEST_CASE("docs/operating.md names every setting") {
    const auto named = documents::names_in(guide());
    const auto all = config::settings();
    CHECK(all.size() > 50);
    for (const auto& setting : all) {
        CAPTURE(std::string(setting.name));
        CHECK(named.contains(std::string(setting.name)));
    }
}

TEST_CASE("docs/operating.md says of every alarm what it means and what to do") {
    const auto named = first_cells(guide());
    for (const auto& [kind, name] : base::EnumNames<core::AlarmKind>::names) {
        CAPTURE(std::string(name));
        CHECK(named.contains(std::string(name)));
    }
}

TEST_CASE("docs/operating.md says of every kind of error what it means and what to do") {
    const auto named = first_cells(section("Kinds of errors"));
    for (const auto& [kind, name] : base::EnumNames<base::ErrorKind>::names) {
        CAPTURE(std::string(name));
        CHECK(named.contains(std::string(name)));
    }
    CHECK(named.size() == base::EnumNames<base::ErrorKind>::names.size());
}

TEST_CASE("docs/operating.md says of every warning and error in the log what to do") {
    const auto named = first_cells(section("What the log says"));
    for (const char* level : {"warning", "error"}) {
        const auto events = logged_at(level);
        CHECK(events.size() > 5);
        for (const auto& [event, file] : events) {
            CAPTURE(event, file);
            CHECK(named.contains(event));
        }
    }
}
