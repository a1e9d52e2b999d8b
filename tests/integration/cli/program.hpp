#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/pg_cluster.hpp"
#include "support/processes/child_process.hpp"

namespace hatchery::tests {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// The program in a folder of its own, so that no .env is found but the test's.
class Program {
public:
    Program() : folder_(fs::temp_directory_path() / "hatchery-program-test-XXXXXX") {
        std::string pattern = folder_.string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        folder_ = pattern;
        environment = {{"DATABASE_URL", database->url().reveal()},
                       {"HATCHERY_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
                       {"HATCHERY_PUBLIC_URL", "http://127.0.0.1:1"},
                       {"HATCHERY_BUNDLE_DIR", folder_.string()},
                       {"PORT", "0"},
                       {"HETZNER_API_TOKEN", "token"},
                       {"HETZNER_API_URL", "http://127.0.0.1:1/v1"},
                       {"TELEGRAM_API_URL", "http://127.0.0.1:1"}};
    }
    ~Program() { fs::remove_all(folder_); }

    std::unique_ptr<support::ChildProcess> start(const std::vector<std::string>& words) {
        std::vector<std::string> command{HATCHERY_PROGRAM};
        command.insert(command.end(), words.begin(), words.end());
        return std::make_unique<support::ChildProcess>(
            support::ChildOptions{.command = command,
                                  .environment = environment,
                                  .working_directory = folder_.string(),
                                  .log_path = (folder_ / "log").string(),
                                  .capture_output = true});
    }
    /// Exit code and the first line of output.
    std::pair<int, std::string> run(const std::vector<std::string>& words) {
        const auto child = start(words);
        const std::string line = child->read_line(20s).value_or("");
        while (child->read_line(20s)) {
        }
        return {child->wait(20s).value_or(-1), line};
    }
    std::string log() {
        std::ifstream file(folder_ / "log");
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    void write_dotenv(const std::string& text) { std::ofstream(folder_ / ".env") << text; }
    /// A shell script in the folder; its path.
    std::string write_script(const std::string& text) {
        const fs::path path = folder_ / "script";
        std::ofstream(path) << "#!/bin/sh\n" << text;
        fs::permissions(path, fs::perms::owner_all);
        return path.string();
    }
    [[nodiscard]] std::string read(const std::string& name) const {
        std::ifstream file(folder_ / name);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }

    std::unique_ptr<support::TestDatabase> database =
        support::PgCluster::shared().create_empty_database();
    std::map<std::string, std::string> environment;

private:
    fs::path folder_;
};

/// How often the text is there.
inline int count(const std::string& text, const std::string& part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace hatchery::tests
