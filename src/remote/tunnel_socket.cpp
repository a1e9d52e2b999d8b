#include "remote/tunnel_socket.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace hatchery::remote {

namespace {

using base::ErrorKind;
using base::fail;
namespace fs = std::filesystem;

constexpr std::string_view prefix = "hatchery-tunnel-";

std::string parent_folder(const std::string& wanted) {
    if (!wanted.empty()) return wanted;
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    std::error_code ignored;
    if (runtime != nullptr && *runtime == '/' && fs::is_directory(runtime, ignored)) return runtime;
    return "/tmp";
}

bool fill_address(sockaddr_un& address, const std::string& path) {
    address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return false;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return true;
}

bool somebody_listens(const std::string& path) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    if (!fd.valid() || !fill_address(address, path)) return true;
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        return true;
    }
    return errno != ECONNREFUSED && errno != ENOENT;
}

/// `hatchery-tunnel-<pid>-XXXXXX` of a process that is no more. A process of another container
/// that shares the folder has an id that means nothing here, but it listens.
bool left_behind(const fs::path& folder) {
    const std::string name = folder.filename().string();
    if (!name.starts_with(prefix)) return false;
    pid_t pid = 0;
    const char* const end = name.data() + name.size();
    const auto [rest, code] = std::from_chars(name.data() + prefix.size(), end, pid);
    return code == std::errc{} && rest != end && *rest == '-' && pid > 0 && ::kill(pid, 0) != 0 &&
           errno == ESRCH && !somebody_listens(folder / "s");
}

void remove_left_behind(const std::string& parent) {
    std::error_code ignored;
    for (fs::directory_iterator it(parent, ignored), end; it != end; it.increment(ignored)) {
        if (ignored) return;
        if (!left_behind(it->path())) continue;
        struct stat about{};
        if (::lstat(it->path().c_str(), &about) != 0 || !S_ISDIR(about.st_mode) ||
            about.st_uid != ::geteuid()) {
            continue;
        }
        ::unlink((it->path() / "s").c_str());
        ::rmdir(it->path().c_str());
    }
}

}  // namespace

TunnelSocket::TunnelSocket(std::string folder, std::string path, UniqueFd fd)
    : folder_(std::move(folder)), path_(std::move(path)), fd_(std::move(fd)) {}

TunnelSocket::TunnelSocket(TunnelSocket&& other) noexcept
    : folder_(std::exchange(other.folder_, {})),
      path_(std::exchange(other.path_, {})),
      fd_(std::move(other.fd_)) {}

TunnelSocket::~TunnelSocket() { close(); }

void TunnelSocket::close() {
    fd_.reset();
    if (folder_.empty()) return;
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
    folder_.clear();
}

base::Result<TunnelSocket> TunnelSocket::make(const std::string& parent) {
    const std::string above = parent_folder(parent);
    remove_left_behind(above);
    std::string folder = fmt::format("{}/{}{}-XXXXXX", above, prefix, ::getpid());
    // mkdtemp makes it 0700: the folder is what keeps other users out.
    if (::mkdtemp(folder.data()) == nullptr) {
        return fail(ErrorKind::internal,
                    fmt::format("cannot make a folder for a tunnel below {}: {}", above,
                                std::generic_category().message(errno)));
    }
    const std::string path = folder + "/s";
    TunnelSocket made(folder, path,
                      UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
    sockaddr_un address{};
    if (!fill_address(address, path)) {
        return fail(ErrorKind::invalid, fmt::format("{} is too long for a socket's path", path));
    }
    if (!made.fd_.valid() ||
        ::bind(made.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(made.fd(), 256) != 0) {
        return fail(ErrorKind::internal, fmt::format("cannot listen on {}: {}", path,
                                                     std::generic_category().message(errno)));
    }
    return made;
}

}  // namespace hatchery::remote
