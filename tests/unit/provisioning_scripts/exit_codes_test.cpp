#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "base/embedded_file.hpp"
#include "core/script_error.hpp"
#include "support/catch.hpp"

using namespace hatchery;

namespace {

std::set<int> numbers(const std::string& text, const std::regex& pattern) {
    std::set<int> found;
    for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
        found.insert(std::stoi((*at)[1]));
    }
    return found;
}

std::set<int> documented_codes() {
    std::ifstream file(HATCHERY_SOURCE_DIR "/provisioning-scripts/README.md");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    return numbers(text, std::regex(R"(\n\| (\d+) \| )"));
}

/// The scripts that a step runs; the other two speak to Hatchery's own code.
bool is_step(std::string_view name) {
    return name != "run_detached.sh" && name != "build_bundle.sh";
}

}  // namespace

TEST_CASE("every exit code that a script uses is documented and has a meaning of its own") {
    const auto documented = documented_codes();
    CHECK(documented.size() > 20);
    for (const auto& script : embedded::provisioning_scripts()) {
        if (!is_step(script.name)) continue;
        INFO(script.name);
        const auto used =
            numbers(std::string(script.content), std::regex(R"((?:fail|give_up) (\d+) )"));
        CHECK_FALSE(used.empty());
        for (const int code : used) {
            INFO(code);
            CHECK(documented.contains(code));
            CHECK(core::script_error(std::string(script.name), code).message !=
                  core::script_error(std::string(script.name), 99).message);
        }
    }
}

TEST_CASE("every script says its inputs and exit codes in its header") {
    for (const auto& script : embedded::provisioning_scripts()) {
        INFO(script.name);
        const std::string text(script.content);
        const auto header = text.substr(0, text.find("\nset -"));
        CHECK(header.size() < text.size());
        CHECK(header.starts_with("#!/usr/bin/env bash\n"));
        CHECK(header.find("Needs:") != std::string::npos);
        CHECK(header.find("xit codes:") != std::string::npos);
    }
}

TEST_CASE("every step's handler of failed commands is in force inside functions too") {
    for (const auto& script : embedded::provisioning_scripts()) {
        if (!is_step(script.name)) continue;
        INFO(script.name);
        const std::string text(script.content);
        CHECK(text.find("\nset -Eeuo pipefail\n") != std::string::npos);
        CHECK(std::regex_search(text, std::regex(R"(\ntrap 'fail (1|70) "line .*' ERR\n)")));
    }
}
