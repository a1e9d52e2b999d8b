#include "integration/remote/sshd_fixture.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "crypto/key_ring.hpp"

namespace hatchery::test {

namespace {

namespace fs = std::filesystem;

constexpr const char* sshd_path = "/usr/sbin/sshd";

/// Starts the supervisor as systemd would: away from the session, noting its process for stop.
constexpr const char* systemd_run = R"sh(#!/bin/sh
for word; do
    case $word in
        --unit=*) unit=${word#--unit=}; shift ;;
        -*) shift ;;
        *) break ;;
    esac
done
mkdir -p "$STAND_IN_UNITS"
setsid "$@" </dev/null >/dev/null 2>&1 &
echo $! >"$STAND_IN_UNITS/$unit.service"
)sh";

constexpr const char* systemctl = R"sh(#!/bin/sh
for unit; do :; done
kill "$(cat "$STAND_IN_UNITS/$unit")"
)sh";

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool accepts(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool ok = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return ok;
}

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> children;
    std::ifstream list(fmt::format("/proc/{0}/task/{0}/children", parent));
    for (pid_t child = 0; list >> child;) children.push_back(child);
    return children;
}

/// Dead processes have closed their sockets, reaped or not.
bool is_dead(pid_t pid) {
    const std::string stat = read_file(fmt::format("/proc/{}/stat", pid));
    const auto after_name = stat.rfind(") ");
    return after_name == std::string::npos || stat[after_name + 2] == 'Z';
}

/// Returns when they are dead.
void kill_with_children(pid_t pid) {
    // A privileged monitor and, for users other than root, a second process below it.
    for (const pid_t child : children_of(pid)) {
        const std::string name = read_file(fmt::format("/proc/{}/comm", child));
        if (name == "sshd\n" || name == "sshd-session\n") kill_with_children(child);
    }
    ::kill(pid, SIGKILL);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_dead(pid) && std::chrono::steady_clock::now() < deadline) ::poll(nullptr, 0, 1);
}

}  // namespace

ScratchFolder::ScratchFolder() : path_("/tmp/hatchery-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no scratch folder");
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void write_file(const std::string& path, const std::string& content, int mode) {
    std::ofstream(path, std::ios::binary) << content;
    ::chmod(path.c_str(), static_cast<mode_t>(mode));
}

std::string read_file(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream content;
    // Not by iterators: these throw when a process ends while its file in /proc is read.
    content << stream.rdbuf();
    return content.str();
}

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("no free port");
    }
    ::close(fd);
    return ntohs(address.sin_port);
}

bool SshdFixture::available() { return ::access(sshd_path, X_OK) == 0; }

SshdFixture::SshdFixture() {
    const passwd* me = ::getpwuid(::geteuid());
    target_.host = "127.0.0.1";
    target_.user = me != nullptr ? me->pw_name : "root";
    start();
}

SshdFixture::~SshdFixture() { stop(); }

void SshdFixture::write_configuration() {
    const std::string& dir = folder_.path();
    const auto maker = crypto::make_key_maker();
    const ports::SshKeyPair host_key = maker->make_ssh_key();
    const ports::SshKeyPair client_key = maker->make_ssh_key();
    target_.host_keys = {host_key.public_key};
    target_.private_key = client_key.private_key;
    fs::create_directories(dir + "/bin");
    fs::create_directories(dir + "/state");
    write_file(dir + "/bin/systemd-run", systemd_run, 0755);
    write_file(dir + "/bin/systemctl", systemctl, 0755);
    write_file(dir + "/host_key", host_key.private_key.reveal());
    write_file(dir + "/authorized_keys", client_key.public_key + "\n");
    write_file(dir + "/sshd_config",
               fmt::format("Port {1}\nListenAddress 127.0.0.1\nHostKey {0}/host_key\n"
                           "AuthorizedKeysFile {0}/authorized_keys\nPidFile none\nUsePAM no\n"
                           "StrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n"
                           "KbdInteractiveAuthentication no\nPrintMotd no\nLogLevel VERBOSE\n"
                           "SetEnv PATH={0}/bin:/usr/sbin:/usr/bin:/sbin:/bin "
                           "HATCHERY_RUNS_DIR={0}/state/runs STAND_IN_UNITS={0}/units "
                           // At a level beyond 1, bash reads no ~/.bashrc, which may be slow.
                           "SHLVL=2\n",
                           dir, target_.port));
}

void SshdFixture::start() {
    // As root, sshd wants its folder for privilege separation, which a service would have made.
    if (::geteuid() == 0) ::mkdir("/run/sshd", 0755);
    target_.port = free_port();
    write_configuration();
    const std::string config = folder_.path() + "/sshd_config";
    const std::string log_path = folder_.path() + "/log";
    pid_ = ::fork();
    if (pid_ == 0) {
        const int log = ::open(log_path.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
        const int null = ::open("/dev/null", O_RDWR);
        ::dup2(null, 0);
        ::dup2(null, 1);
        ::dup2(log, 2);
        ::execl(sshd_path, sshd_path, "-D", "-e", "-f", config.c_str(), nullptr);
        ::_exit(127);
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
    while (!accepts(target_.port)) {
        if (std::chrono::steady_clock::now() > deadline || ::waitpid(pid_, nullptr, WNOHANG) != 0) {
            throw std::runtime_error("sshd does not start: " + log());
        }
        ::poll(nullptr, 0, 5);
    }
}

std::string SshdFixture::log() const { return read_file(folder_.path() + "/log"); }

int SshdFixture::logins() const {
    const std::string text = log();
    int count = 0;
    for (auto at = text.find("Accepted publickey"); at != std::string::npos;
         at = text.find("Accepted publickey", at + 1)) {
        ++count;
    }
    return count;
}

void SshdFixture::kill_sessions() const {
    for (const pid_t child : children_of(pid_)) kill_with_children(child);
}

void SshdFixture::stop() {
    if (pid_ <= 0) return;
    kill_with_children(pid_);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    // What detached runs of this fixture are still there.
    std::error_code ignored;
    for (fs::directory_iterator it(folder_.path() + "/units", ignored), end; it != end;
         it.increment(ignored)) {
        pid_t pid = 0;
        const std::string text = read_file(it->path().string());
        std::from_chars(text.data(), text.data() + text.size(), pid);
        if (pid > 1 && read_file(fmt::format("/proc/{}/cmdline", pid)).find(folder_.path()) !=
                           std::string::npos) {
            ::kill(pid, SIGTERM);
        }
    }
}

}  // namespace hatchery::test
