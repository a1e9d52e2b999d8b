#include "core/script_error.hpp"

#include <fstream>
#include <regex>
#include <set>

#include "support/catch.hpp"

using namespace hatchery;

TEST_CASE("every exit code of the scripts' table has a sentence of its own") {
    std::ifstream readme(HATCHERY_SOURCE_DIR "/provisioning-scripts/README.md");
    REQUIRE(readme);
    const std::regex row(R"(^\| (\d+) \| ([a-z_]+) \|.*)");
    const std::string unknown = core::script_error("x.sh", 99).message;
    int rows = 0;
    for (std::string line; std::getline(readme, line);) {
        std::smatch match;
        if (!std::regex_match(line, match, row) || match[1] == "0") continue;
        ++rows;
        const auto error = core::script_error("x.sh", std::stoi(match[1]));
        INFO(line);
        REQUIRE(error.message != unknown);
        REQUIRE_FALSE(error.message.empty());
        REQUIRE((!error.next_action.empty() || error.kind == base::ErrorKind::cancelled));
    }
    REQUIRE(rows > 20);
}

TEST_CASE("an exit code that nobody knows still says what to do") {
    const auto error = core::script_error("install_dependencies.sh", 99);
    REQUIRE(error.code == "exit_99");
    REQUIRE_FALSE(error.next_action.empty());
}
