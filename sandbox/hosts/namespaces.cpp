#include "sandbox/hosts/namespaces.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "sandbox/hosts/system.hpp"

namespace hatchery::sandbox {
namespace {

constexpr const char* kCgroupMount = "/sys/fs/cgroup";
constexpr const char* kNspawnRuntime = "/run/systemd/nspawn";
constexpr int kListenBacklog = 1024;

Result<void> bring_loopback_up() {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) {
        return failure(errno_sentence("socket"));
    }
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) {
        return failure(errno_sentence("reading the flags of lo"));
    }
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
        return failure(errno_sentence("bringing lo up"));
    }
    return {};
}

}  // namespace

Result<void> enter_private_mount_namespace() {
    if (::unshare(CLONE_NEWNS) != 0) {
        return failure(errno_sentence("unsharing the mount namespace"));
    }
    // From here on nothing may reach the machine's own mounts.
    if (auto made = mount_checked("none", "/", "", MS_REC | MS_PRIVATE, ""); !made) {
        return made;
    }
    // On a machine with cgroup v1, v2 lies elsewhere; nspawn looks only here. Detaching is local to
    // this namespace.
    while (::umount2(kCgroupMount, MNT_DETACH) == 0) {
    }
    if (auto made =
            mount_checked("cgroup2", kCgroupMount, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
        !made) {
        return made;
    }
    std::error_code ignored;
    std::filesystem::create_directories(kNspawnRuntime, ignored);
    return mount_checked("tmpfs", kNspawnRuntime, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
}

Result<UniqueFd> make_network_namespace() {
    Result<UniqueFd> made = failure("the thread did not run");
    std::thread maker([&made] {
        if (::unshare(CLONE_NEWNET) != 0) {
            made = failure(errno_sentence("making a network namespace"));
            return;
        }
        if (auto up = bring_loopback_up(); !up) {
            made = failure(up.error());
            return;
        }
        UniqueFd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
        if (!fd.valid()) {
            made = failure(errno_sentence("opening the network namespace"));
            return;
        }
        made = std::move(fd);
    });
    maker.join();
    return made;
}

Result<void> run_in_network_namespace(int namespace_fd, const std::function<Result<void>()>& work) {
    Result<void> outcome = failure("the thread did not run");
    std::thread runner([&] {
        if (::setns(namespace_fd, CLONE_NEWNET) != 0) {
            outcome = failure(errno_sentence("entering a network namespace"));
            return;
        }
        outcome = work();
    });
    runner.join();
    return outcome;
}

Result<UniqueFd> listen_tcp(const std::string& ipv4, int port) {
    const std::string place = ipv4 + ":" + std::to_string(port);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::inet_pton(AF_INET, ipv4.c_str(), &address.sin_addr) != 1) {
        return failure("'" + ipv4 + "' is not an IPv4 address");
    }
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) {
        return failure(errno_sentence("socket"));
    }
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return failure(errno_sentence("binding " + place));
    }
    if (::listen(socket.get(), kListenBacklog) != 0) {
        return failure(errno_sentence("listening on " + place));
    }
    return socket;
}

std::string descriptor_path(int fd) {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd);
}

}  // namespace hatchery::sandbox
