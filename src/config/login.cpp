#include "config/login.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace hatchery::config {

namespace {

namespace fs = std::filesystem;

std::string found(const Variables& variables, const std::string& name) {
    const auto it = variables.find(name);
    return it == variables.end() ? std::string{} : it->second;
}

base::Error cannot(const std::string& path, const std::string& what, const std::string& cause) {
    return {.kind = base::ErrorKind::internal,
            .message = path + " cannot be " + what + ": " + cause + ".",
            .next_action = "XDG_CONFIG_HOME names another folder for it."};
}

/// Writes all of it into a new file that only its owner can read.
bool write_new(const std::string& path, const std::string& text) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return false;
    const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const bool synced = fsync(file) == 0;
    return close(file) == 0 && written && synced;
}

}  // namespace

std::string login_path(const Variables& environment) {
    // The specification of XDG says that a path which is not absolute is to be ignored.
    if (const auto folder = found(environment, "XDG_CONFIG_HOME"); folder.starts_with('/')) {
        return folder + "/hatchery/login";
    }
    const auto home = found(environment, "HOME");
    return home.empty() ? home : home + "/.config/hatchery/login";
}

DotEnv read_login(const std::string& path) {
    struct stat status{};
    if (path.empty() || stat(path.c_str(), &status) != 0) return {};
    DotEnv refused;
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        refused.problems.push_back({path, "can be read by others; run: chmod 600 " + path});
        return refused;
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        refused.problems.push_back({path, std::string("cannot be read: ") + strerror(errno)});
        return refused;
    }
    std::ostringstream text;
    text << file.rdbuf();
    return parse_dotenv(text.str());
}

base::Result<void> write_login(const std::string& path, const Login& login) {
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    if (error) return base::fail(cannot(path, "written", error.message()));
    const std::string fresh = path + "." + std::to_string(getpid());
    if (!write_new(fresh, "HATCHERY_API_URL=" + login.api_url +
                              "\nHATCHERY_TOKEN=" + login.token.reveal() + "\n") ||
        rename(fresh.c_str(), path.c_str()) != 0) {
        const std::string cause = strerror(errno);
        unlink(fresh.c_str());
        return base::fail(cannot(path, "written", cause));
    }
    return {};
}

base::Result<bool> remove_login(const std::string& path) {
    if (unlink(path.c_str()) == 0) return true;
    if (errno == ENOENT) return false;
    return base::fail(cannot(path, "removed", strerror(errno)));
}

}  // namespace hatchery::config
