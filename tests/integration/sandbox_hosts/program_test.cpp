#include <algorithm>

#include "sandbox_program.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;

TEST_CASE("wrong options are one sentence and exit code 2") {
    const auto run = [](std::vector<std::string> options) {
        options.insert(options.begin(), HATCHERY_SANDBOX_PROGRAM);
        return run_command(options);
    };
    for (const std::vector<std::string>& options : {std::vector<std::string>{"--hosts", "some"},
                                                    {"--listen", "nowhere"},
                                                    {"--listen", "127.0.0.1:99999"},
                                                    {"--boot-delay-ms", "-1"},
                                                    {"--listen"},
                                                    {"extra"},
                                                    {"--unknown", "x"}}) {
        const auto result = run(options);
        INFO(options.front() << ": " << result.output);
        CHECK(result.exit_code == 2);
        CHECK(result.output.starts_with("hatchery-sandbox: "));
        CHECK(std::count(result.output.begin(), result.output.end(), '\n') == 1);
    }
    const auto help = run({"--help"});
    CHECK(help.exit_code == 0);
    CHECK(help.output.find("--state-dir") != std::string::npos);
}

TEST_CASE("without root the sandbox says what real hosts need") {
    if (!can_have_hosts()) {
        return;
    }
    const auto result = run_command(
        {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", HATCHERY_SANDBOX_PROGRAM});
    INFO(result.output);
    CHECK(result.exit_code == 2);
    CHECK(result.output.find("need root") != std::string::npos);
}
