#include <map>
#include <set>
#include <sstream>
#include <string>

#include "document.hpp"
#include "support/catch.hpp"

using namespace hatchery;
namespace fs = std::filesystem;

namespace {

const fs::path root = documents::root();

using documents::names_in;
using documents::text_of;

/// The rows of the table in docs/fuzzing.md: a target, and the headers of its parsers.
std::map<std::string, std::set<std::string>> rows() {
    std::map<std::string, std::set<std::string>> found;
    std::istringstream lines(text_of(root / "docs/fuzzing.md"));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| `")) continue;
        std::istringstream cells(line.substr(1));
        std::string targets;
        std::string parsers;
        std::getline(cells, targets, '|');
        std::getline(cells, parsers, '|');
        for (const auto& target : names_in(targets)) found[target] = names_in(parsers);
    }
    return found;
}

/// What a target includes, by a header beside it too.
std::string included_by(const fs::path& source) {
    auto text = text_of(source);
    for (const auto& entry : fs::directory_iterator(root / "tests/fuzz")) {
        const auto name = entry.path().filename().string();
        if (name.ends_with(".hpp") && text.find('"' + name + '"') != std::string::npos) {
            text += text_of(entry.path());
        }
    }
    return text;
}

}  // namespace

TEST_CASE("every parser that docs/fuzzing.md lists has a fuzz target and a corpus") {
    const auto listed = rows();
    CHECK(listed.size() >= 20);
    for (const auto& [target, parsers] : listed) {
        CAPTURE(target);
        const auto source = root / "tests/fuzz/targets" / (target + ".cpp");
        REQUIRE(fs::exists(source));
        const auto text = included_by(source);
        CHECK(!parsers.empty());
        for (const auto& parser : parsers) {
            CAPTURE(parser);
            CHECK((fs::exists(root / "src" / parser) || fs::exists(root / parser)));
            CHECK(text.find("#include \"" + parser + '"') != std::string::npos);
        }
        const auto corpus = root / "tests/fuzz/corpus" / target;
        REQUIRE(fs::is_directory(corpus));
        CHECK(!fs::is_empty(corpus));
    }
}

TEST_CASE("every fuzz target is in the table of docs/fuzzing.md") {
    const auto listed = rows();
    for (const auto& entry : fs::directory_iterator(root / "tests/fuzz/targets")) {
        CAPTURE(entry.path().string());
        CHECK(listed.contains(entry.path().stem().string()));
    }
}
