#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "base/embedded_file.hpp"
#include "core/openclaw_config.hpp"
#include "support/catch.hpp"
#include "support/processes/child_process.hpp"

using namespace hatchery;

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string content_of(std::string_view name) {
    for (const auto& script : embedded::provisioning_scripts()) {
        if (script.name == name) return std::string(script.content);
    }
    return {};
}

/// The function `strike_out` of a script, from its name to its closing brace.
std::string filter_of(std::string_view script) {
    const auto text = content_of(script);
    const auto begin = text.find("\nstrike_out() {\n");
    if (begin == std::string::npos) return {};
    const auto end = text.find("\n}\n", begin);
    return text.substr(begin + 1, end + 3 - (begin + 1));
}

void write(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
}

/// A folder that goes with the test.
class Folder {
public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "hatchery-filter-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

/// What the filter lets through of `text`; with `secrets` as the lines of the secrets' file.
std::string filtered(const std::string& text, const std::optional<std::string>& secrets) {
    const Folder folder;
    write(folder.path() / "filter.sh", filter_of("start_bot.sh"));
    write(folder.path() / "text", text);
    if (secrets) write(folder.path() / "env", *secrets);
    support::ChildProcess child(
        {.command = {"/bin/bash", "-c", ". ./filter.sh; strike_out env <text >out"},
         .environment = {},
         .working_directory = folder.path().string(),
         .log_path = (folder.path() / "log").string(),
         .capture_output = false});
    REQUIRE(child.wait(60s) == 0);
    std::ifstream out(folder.path() / "out", std::ios::binary);
    return {std::istreambuf_iterator<char>(out), {}};
}

}  // namespace

TEST_CASE("what OpenClaw says passes the same filter in both scripts that repeat it") {
    CHECK_FALSE(filter_of("start_bot.sh").empty());
    CHECK(filter_of("start_bot.sh") == filter_of("configure_bot.sh"));
}

TEST_CASE("every value of the secrets' file is struck out, in whatever way it is escaped") {
    const std::string value = "p\"w\\d $x`y/\xC3\xBC";
    const auto line = core::environment_line("MODEL_KEY", value);
    REQUIRE(line);
    const std::string secrets = "SHORTER=\"secret-value\"\nLONGER=\"secret-value-more\"\n" + *line;

    CHECK(filtered("a secret-value, a secret-value-more\nend\n", secrets) ==
          "a [SHORTER], a [LONGER]\nend\n");
    CHECK(filtered("plain " + value, secrets) == "plain [MODEL_KEY]");
    CHECK(filtered(R"({"k":"p\"w\\d $x`y/)"
                   "\xC3\xBC\"}",
                   secrets) == R"({"k":"[MODEL_KEY]"})");
    CHECK(filtered(R"({"k":"p\"w\\d $x`y/\u00fc"})", secrets) == R"({"k":"[MODEL_KEY]"})");
    CHECK(filtered("/p%22w%5Cd%20%24x%60y%2F%C3%BC?", secrets) == "/[MODEL_KEY]?");
    CHECK(filtered("in the file " + *line, secrets) == "in the file MODEL_KEY=\"[MODEL_KEY]\"\n");
}

TEST_CASE("the shape of a token is struck out though no file names it") {
    CHECK(filtered("bot7000000001:AAHd1mmyT0kenDummyT0kenDummyT0kenDu/getMe", "") ==
          "bot[telegram token]/getMe");
    CHECK(filtered("key sk-abcdefgh12345678, Bearer abc.def", "") == "key [key], Bearer [token]");
}

TEST_CASE("without the secrets' file nothing is let through") {
    CHECK(filtered("secret-value", std::nullopt) == "[withheld: the secrets' file cannot be read]");
}

TEST_CASE("no core dump may put OpenClaw's secrets on the disk") {
    CHECK(content_of("install_dependencies.sh").find("\nLimitCORE=0\n") != std::string::npos);
    CHECK(content_of("configure_bot.sh").find(" --property=LimitCORE=0 ") != std::string::npos);
}
