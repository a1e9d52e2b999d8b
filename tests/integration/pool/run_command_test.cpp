#include "app/run_command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/clock.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

/// A script in a folder of its own, and the file that it writes.
class Script {
public:
    explicit Script(const std::string& text) {
        std::string pattern = (fs::temp_directory_path() / "hatchery-command-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        folder_ = pattern;
        std::ofstream(path()) << "#!/bin/sh\n" << text;
        fs::permissions(path(), fs::perms::owner_all);
    }
    ~Script() { fs::remove_all(folder_); }
    [[nodiscard]] std::string path() const { return folder_ / "script"; }
    [[nodiscard]] std::string out() const { return folder_ / "out"; }
    [[nodiscard]] std::string written() const {
        std::ifstream file(out());
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }

private:
    fs::path folder_;
};

base::Result<void> run(const std::vector<std::string>& words, base::Milliseconds limit = 20s) {
    return app::run_command(words, "test_output", base::Call::within(limit));
}

}  // namespace

TEST_CASE("a command gets its arguments as they are, and no secret of ours") {
    setenv("HATCHERY_MASTER_KEY", "hunter2", 1);
    const Script script("printf '%s|' \"$@\" > \"$1\"\nenv >> \"$1\"\necho said\n");
    CHECK(run({script.path(), script.out(), "a b", "$HOME", "7"}));
    unsetenv("HATCHERY_MASTER_KEY");
    CHECK(script.written().find("|a b|$HOME|7|") != std::string::npos);
    CHECK(script.written().find("PATH=") != std::string::npos);
    CHECK(script.written().find("hunter2") == std::string::npos);
}

TEST_CASE("how a command ended is told") {
    const Script failing("exit 3\n");
    CHECK(run({failing.path()}).error().message == failing.path() + " ended with exit code 3.");
    const Script killed("kill -9 $$\n");
    CHECK(run({killed.path()}).error().message == killed.path() + " was ended by signal 9.");
    CHECK(run({"/nowhere/at-all"}).error().message.find("cannot be started") != std::string::npos);
}

TEST_CASE("the last words of a command are in the log, however many") {
    const Script script(
        "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "
        "printf '%0400d\\n' $i; done; echo goodbye\n");
    const auto log = script.out();
    const int usual = dup(STDERR_FILENO);
    const int file = open(log.c_str(), O_WRONLY | O_CREAT, 0600);
    REQUIRE(dup2(file, STDERR_FILENO) == STDERR_FILENO);
    const auto ended = run({script.path()});
    dup2(usual, STDERR_FILENO);
    close(file);
    close(usual);
    REQUIRE(ended);
    CHECK(script.written().find("goodbye") != std::string::npos);
}

TEST_CASE("a command that does not end is killed with what it started") {
    const Script script("sleep 600 & echo $! > \"$1\"; wait\n");
    const auto ended = run({script.path(), script.out()}, 500ms);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().kind == base::ErrorKind::timeout);
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    const fs::path child = "/proc/" + std::to_string(std::atoi(script.written().c_str()));
    const auto is_gone = [&] {
        std::ifstream stat(child / "stat");
        std::string text((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
        return text.empty() || text.find(") Z") != std::string::npos;
    };
    while (!is_gone()) REQUIRE(std::chrono::steady_clock::now() < deadline);
}

TEST_CASE("a command that is asked to stop ends as cancelled") {
    const Script script("sleep 600\n");
    std::stop_source stop;
    stop.request_stop();
    const auto ended =
        app::run_command({script.path()}, "test_output", base::Call::within(20s, stop.get_token()));
    REQUIRE_FALSE(ended);
    CHECK(ended.error().kind == base::ErrorKind::cancelled);
}
