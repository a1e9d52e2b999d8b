#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "app/note_command.hpp"
#include "app/operate.hpp"
#include "app/run_command.hpp"
#include "base/embedded_file.hpp"
#include "base/json_value.hpp"
#include "bundles/local_bundles.hpp"
#include "cli/client_command.hpp"

namespace hatchery::app {

namespace {

namespace fs = std::filesystem;
using base::ErrorKind;

/// The embedded script and its lock files in a folder that goes with the object.
class ScriptFolder {
public:
    ScriptFolder() {
        std::string pattern = (fs::temp_directory_path() / "hatchery-bundle-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) {
            throw fs::filesystem_error("a temporary folder cannot be made", pattern,
                                       std::error_code(errno, std::generic_category()));
        }
        folder_ = pattern;
        for (const auto& file : embedded::provisioning_scripts()) write(file);
        for (const auto& file : embedded::bundle_locks()) write(file);
    }
    ~ScriptFolder() {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    ScriptFolder(const ScriptFolder&) = delete;
    ScriptFolder& operator=(const ScriptFolder&) = delete;

    [[nodiscard]] std::string path_of(std::string_view name) const {
        return (folder_ / name).string();
    }

private:
    void write(const base::EmbeddedFile& file) const {
        const fs::path path = folder_ / file.name;
        fs::create_directories(path.parent_path());
        std::ofstream out(path, std::ios::binary);
        out.write(file.content.data(), static_cast<std::streamsize>(file.content.size()));
        out.close();
        if (!out) {
            throw fs::filesystem_error("a script cannot be written", path,
                                       std::error_code(errno, std::generic_category()));
        }
    }
    fs::path folder_;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

/// Runs the program on our own standard streams; its exit code.
base::Result<int> run_program(std::vector<std::string> words) {
    std::vector<std::string> variables = environment_without_secrets();
    const auto argv = pointers(words);
    const auto envp = pointers(variables);
    pid_t pid = 0;
    if (const int error =
            posix_spawnp(&pid, words[0].c_str(), nullptr, nullptr, argv.data(), envp.data());
        error != 0) {
        return base::fail(ErrorKind::internal,
                          fmt::format("{} cannot be started: {}", words[0], strerror(error)));
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return base::fail(ErrorKind::internal, "waitpid failed");
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// The exit codes of build_bundle.sh, as its header states them.
cli::ExitCode after_build(int code, cli::Context& context) {
    switch (code) {
        case 0:
            return cli::ExitCode::ok;
        case 2:
            return cli::ExitCode::usage;
        case 3:
            context.err << "hatchery: install the program that is named above and try again\n";
            return cli::ExitCode::failed;
        case 4:
            context.err << "hatchery: check that npm reaches its registry and try again\n";
            return cli::ExitCode::unavailable;
        default:
            context.err << "hatchery: the bundle was not built (exit code " << code << ")\n";
            return cli::ExitCode::failed;
    }
}

cli::ExitCode build(const cli::Options& options, cli::Context& context, NotedCommand& noted) {
    const auto config = cli::load_or_report(context, config::Need::nothing);
    if (!config) return cli::ExitCode::config;
    const std::string version = options.value_or("version", config->openclaw_version);
    const std::string folder =
        fs::absolute(options.value_or("output", config->bundle_dir)).lexically_normal().string();
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        context.err << "hatchery: " << folder << " cannot be made: " << error.message() << "\n"
                    << "  Set HATCHERY_BUNDLE_DIR or --output to a folder that you may write.\n";
        return cli::ExitCode::failed;
    }
    const ScriptFolder scripts;
    context.out.flush();
    const auto code = run_program({"bash", scripts.path_of("build_bundle.sh"), version, folder});
    if (!code) return cli::report(context, code.error());
    // A version that was built is one; else it is whatever somebody typed.
    if (*code == 0) noted.target = version;
    return after_build(*code, context);
}

base::Json json_of(const std::vector<ports::ReleaseBundle>& found) {
    base::Json items = base::Json::array();
    for (const auto& bundle : found) {
        items.push_back({{"version", bundle.version},
                         {"bytes", bundle.bytes},
                         {"sha256", bundle.sha256},
                         {"path", bundle.path}});
    }
    return items;
}

cli::ExitCode list(const cli::Options& options, cli::Context& context, NotedCommand&) {
    const auto config = cli::load_or_report(context, config::Need::nothing);
    if (!config) return cli::ExitCode::config;
    const std::string folder = options.value_or("output", config->bundle_dir);
    const auto found = bundles::list_bundles(folder);
    if (options.has("json")) {
        context.out << base::dump_json_pretty(json_of(found)) << "\n";
        return cli::ExitCode::ok;
    }
    for (const auto& bundle : found) {
        context.out << fmt::format("{:<14} {:>6.1f} MB  sha256:{}  {}\n", bundle.version,
                                   static_cast<double>(bundle.bytes) / 1e6, bundle.sha256,
                                   bundle.path);
    }
    if (found.empty()) {
        context.err << "hatchery: there is no bundle in " << folder << "\n"
                    << "  Make one with: hatchery bundle build\n";
    }
    return cli::ExitCode::ok;
}

}  // namespace

cli::Command bundle_build_command() {
    return operator_command(
        {.name = "bundle build",
         .summary = "makes the OpenClaw release bundle that servers receive",
         .operands = {},
         .options = {{.name = "version",
                      .value = "V",
                      .help = "OpenClaw's version (default: HATCHERY_OPENCLAW_VERSION)"},
                     {.name = "output",
                      .value = "DIR",
                      .help = "where to put it (default: HATCHERY_BUNDLE_DIR)"}},
         .details = "Needs npm, zstd, tar and python3, and npm's registry. No root. A bundle that\n"
                    "is there already and whole is left as it is.\n",
         .run = {}},
        build);
}

cli::Command bundle_list_command() {
    return operator_command({.name = "bundle list",
                             .summary = "lists the release bundles of this machine",
                             .operands = {},
                             .options = {{.name = "output",
                                          .value = "DIR",
                                          .help = "where to look (default: HATCHERY_BUNDLE_DIR)"},
                                         cli::json_option},
                             .details = {},
                             .run = {}},
                            list);
}

}  // namespace hatchery::app
