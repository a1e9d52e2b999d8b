#include "sandbox/hosts/host.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <sstream>

#include "sandbox/hosts/host_seed.hpp"
#include "sandbox/hosts/instance.hpp"
#include "sandbox/hosts/namespaces.hpp"
#include "sandbox/hosts/system.hpp"

namespace hatchery::sandbox {
namespace fs = std::filesystem;
namespace {

/// systemd-nspawn's exit status when the container asked for a reboot.
constexpr int kRebootExitStatus = 133;
constexpr int kSshPort = 22;
/// Ports a firewall may open at once; a listener each.
constexpr std::size_t kMaxOpenPorts = 128;
constexpr std::size_t kConsoleTailBytes = 600;

/// Everything the child needs between fork and exec, made before the fork.
struct ContainerCommand {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::vector<char*> argv;
    std::vector<char*> envp;
    std::string cgroup_procs;
    std::string console;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (std::string& text : texts) {
        result.push_back(text.data());
    }
    result.push_back(nullptr);
    return result;
}

/// Runs in the child: never returns. Only async-signal-safe calls, as other threads were forked
/// away in the middle of whatever they did.
[[noreturn]] void exec_container(const ContainerCommand& command, pid_t parent) {
    ::setsid();
    const int cgroup = ::open(command.cgroup_procs.c_str(), O_WRONLY | O_CLOEXEC);
    const int console =
        ::open(command.console.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (cgroup < 0 || console < 0 || nothing < 0 || ::write(cgroup, "0", 1) != 1 ||
        ::dup2(nothing, 0) < 0 || ::dup2(console, 1) < 0 || ::dup2(console, 2) < 0) {
        ::_exit(126);
    }
    reset_child_state();
    // The container must not outlive a killed sandbox.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(126);
    }
    ::execve(command.argv[0], command.argv.data(), command.envp.data());
    ::_exit(127);
}

void wait_for_child(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
}

/// The container's PID 1 as this namespace numbers it: nspawn's only child.
pid_t find_init(pid_t container) {
    const std::string id = std::to_string(container);
    const auto children = read_file("/proc/" + id + "/task/" + id + "/children");
    pid_t init = -1;
    if (children) {
        std::from_chars(children->data(), children->data() + children->size(), init);
    }
    return init;
}

}  // namespace

Host::Host(const HostSurroundings& surroundings, HostSpec spec, std::string public_ipv4, int index,
           HostListener listener)
    : surroundings_(surroundings),
      spec_(std::move(spec)),
      public_ipv4_(std::move(public_ipv4)),
      index_(index),
      listener_(std::move(listener)),
      dir_(surroundings.hosts_dir / std::to_string(spec_.id)),
      cgroup_(surroundings.cgroup / std::to_string(spec_.id)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

Host::~Host() { remove(); }

void Host::remove() {
    if (thread_.joinable()) {
        post([this] { removing_ = true; });
        thread_.join();
    }
}

void Host::post(std::function<void()> command) {
    {
        const std::lock_guard lock(mutex_);
        commands_.push_back(std::move(command));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void Host::power_on() {
    post([this] { start(); });
}

void Host::power_off() {
    post([this] {
        kill_now();
        listener_(spec_.id, HostEvent::stopped, "");
    });
}

void Host::reset() {
    post([this] {
        kill_now();
        start();
    });
}

void Host::shut_down() {
    // systemd's poweroff.target, as nspawn itself asks for it.
    post([this] { signal_init(SIGRTMIN + 4); });
}

void Host::reboot() {
    post([this] { signal_init(SIGRTMIN + 5); });
}

void Host::freeze(bool frozen) {
    post([this, frozen] {
        if (auto done = write_file(cgroup_ / "cgroup.freeze", frozen ? "1" : "0"); !done) {
            surroundings_.log("event=freeze_failed host=" + std::to_string(spec_.id) +
                              " why=" + done.error());
        }
    });
}

void Host::set_open_ports(const std::set<int>& ports) {
    post([this, ports] {
        for (auto port = open_ports_.begin(); port != open_ports_.end();) {
            if (ports.contains(*port)) {
                ++port;
                continue;
            }
            surroundings_.inward->close_port(spec_.id, *port);
            port = open_ports_.erase(port);
        }
        for (const int port : ports) {
            if (!open_ports_.contains(port) && open_ports_.size() < kMaxOpenPorts) {
                open_port(port);
            }
        }
    });
}

HostInfo Host::info() const {
    return {.id = spec_.id,
            .name = spec_.name,
            .public_ipv4 = public_ipv4_,
            .upper_dir = (dir_ / "upper").string()};
}

void Host::run() {
    if (auto prepared = prepare(); prepared) {
        listener_(spec_.id, HostEvent::prepared, "");
    } else {
        life_ = Life::broken;
        surroundings_.log("event=host_prepare_failed host=" + std::to_string(spec_.id) +
                          " why=" + prepared.error());
        listener_(spec_.id, HostEvent::prepare_failed, prepared.error());
    }
    while (!removing_) {
        wait_for_command_or_end();
        wait_for_end();
        run_commands();
    }
    tear_down();
}

void Host::wait_for_command_or_end() {
    pollfd watched[2] = {{wake_.get(), POLLIN, 0}, {container_end_.get(), POLLIN, 0}};
    while (::poll(watched, container_end_.valid() ? 2 : 1, -1) < 0 && errno == EINTR) {
    }
}

void Host::run_commands() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
    std::deque<std::function<void()>> commands;
    {
        const std::lock_guard lock(mutex_);
        commands.swap(commands_);
    }
    for (auto& command : commands) {
        command();
    }
}

Result<void> Host::prepare() {
    std::error_code error;
    fs::create_directory(cgroup_, error);
    if (error) {
        return failure("cannot make " + cgroup_.string() + ": " + error.message());
    }
    if (auto mounted = mount_root(); !mounted) {
        return mounted;
    }
    if (auto written = write_seed(); !written) {
        return written;
    }
    if (auto plugged = plug_in_network(); !plugged) {
        return plugged;
    }
    if (auto opened = open_services(); !opened) {
        return opened;
    }
    open_port(kSshPort);
    if (!open_ports_.contains(kSshPort)) {
        return failure("port " + std::to_string(surroundings_.ssh_port) + " of " + public_ipv4_ +
                       " is taken on this machine, probably by an SSH server that listens on all "
                       "addresses; choose another with --ssh-port");
    }
    return {};
}

Result<void> Host::mount_root() {
    std::error_code error;
    for (const char* folder : {"upper", "work", "root"}) {
        fs::create_directories(dir_ / folder, error);
        if (error) {
            return failure("cannot make " + (dir_ / folder).string() + ": " + error.message());
        }
    }
    const std::string layers = "lowerdir=" + surroundings_.base_image.string() +
                               ",upperdir=" + (dir_ / "upper").string() +
                               ",workdir=" + (dir_ / "work").string();
    auto mounted = mount_checked("overlay", (dir_ / "root").string(), "overlay", 0, layers);
    mounted_ = mounted.has_value();
    return mounted;
}

Result<void> Host::write_seed() {
    const fs::path root = dir_ / "root";
    const fs::path seed = root / "var/lib/cloud/seed/nocloud";
    std::error_code error;
    fs::create_directories(seed, error);
    if (auto written = write_file(seed / "meta-data", seed_meta_data(spec_), 0600); !written) {
        return written;
    }
    if (auto written = write_file(seed / "user-data", seed_user_data(spec_), 0600); !written) {
        return written;
    }
    if (!spec_.ignores_planted_host_key) {
        return {};
    }
    const fs::path drop_in = root / "etc/systemd/system/ssh.service.d";
    fs::create_directories(drop_in, error);
    return write_file(drop_in / "other-host-key.conf", kOtherHostKeyDropIn);
}

std::string Host::inner_ipv4() const {
    return "10.77." + std::to_string(index_ / 256) + "." + std::to_string(index_ % 256);
}

Result<void> Host::plug_in_network() {
    auto made = make_network_namespace();
    if (!made) {
        return failure(made.error());
    }
    network_ = std::move(*made);
    const std::string outside = "h" + std::to_string(index_);
    // Isolated ports reach the bridge itself, never each other: hosts are strangers' machines.
    const std::string in_bridge = "link add " + outside + " type veth peer name eth0 netns " +
                                  descriptor_path(network_.get()) + "\nlink set " + outside +
                                  " master br0\nlink set " + outside +
                                  " type bridge_slave isolated on\nlink set " + outside + " up\n";
    auto plugged = run_in_network_namespace(surroundings_.bridge_namespace, [&] {
        return run_command({"ip", "-batch", "-"}, in_bridge);
    });
    if (!plugged) {
        return plugged;
    }
    // No default route: a host has no way out.
    const std::string in_host = "addr add " + inner_ipv4() + "/16 dev eth0\nlink set eth0 up\n";
    return run_in_network_namespace(network_.get(),
                                    [&] { return run_command({"ip", "-batch", "-"}, in_host); });
}

Result<void> Host::open_services() {
    for (const ServiceAddress& service : surroundings_.services) {
        UniqueFd listener;
        auto made = run_in_network_namespace(network_.get(), [&]() -> Result<void> {
            auto socket = listen_tcp(service.ipv4, service.port);
            if (!socket) {
                return failure(socket.error());
            }
            listener = std::move(*socket);
            return {};
        });
        if (!made) {
            return made;
        }
        if (auto forwarded = surroundings_.outward->forward(
                spec_.id, service.port, std::move(listener), service.ipv4, service.port);
            !forwarded) {
            return forwarded;
        }
    }
    return {};
}

void Host::open_port(int port) {
    const int public_port = port == kSshPort ? surroundings_.ssh_port : port;
    auto listener = listen_tcp(public_ipv4_, public_port);
    Result<void> forwarded;
    if (listener) {
        forwarded =
            surroundings_.inward->forward(spec_.id, port, std::move(*listener), inner_ipv4(), port);
    }
    if (!listener || !forwarded) {
        surroundings_.log("event=port_not_opened host=" + std::to_string(spec_.id) +
                          " why=" + (listener ? forwarded.error() : listener.error()));
        return;
    }
    open_ports_.insert(port);
}

void Host::start() {
    if (life_ != Life::off || removing_) {
        return;
    }
    ContainerCommand command;
    command.arguments = {"/usr/bin/systemd-nspawn",
                         "--quiet",
                         "--boot",
                         "--register=no",
                         "--keep-unit",
                         "--kill-signal=SIGRTMIN+4",
                         "--link-journal=no",
                         "--resolv-conf=off",
                         "--timezone=off",
                         "--capability=CAP_NET_ADMIN",
                         "--console=pipe",
                         "--directory=" + (dir_ / "root").string(),
                         "--machine=host-" + std::to_string(spec_.id),
                         "--hostname=" + spec_.name,
                         "--network-namespace-path=" + descriptor_path(network_.get())};
    command.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
                           "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1"};
    command.argv = pointers(command.arguments);
    command.envp = pointers(command.environment);
    command.cgroup_procs = (cgroup_ / "cgroup.procs").string();
    command.console = (dir_ / "console.log").string();

    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
        exec_container(command, parent);
    }
    if (child < 0) {
        listener_(spec_.id, HostEvent::start_failed, errno_sentence("fork"));
        return;
    }
    container_ = child;
    container_end_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    life_ = Life::running;
    listener_(spec_.id, HostEvent::started, "");
}

void Host::wait_for_end() {
    if (container_ < 0) {
        return;
    }
    int status = 0;
    if (::waitpid(container_, &status, WNOHANG) != container_) {
        return;
    }
    container_ = -1;
    container_end_.reset();
    life_ = Life::off;
    handle_end(status);
}

void Host::handle_end(int wait_status) {
    const int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
    if (code == kRebootExitStatus) {
        surroundings_.log("event=host_rebooted host=" + std::to_string(spec_.id));
        start();
        return;
    }
    if (code != 0) {
        surroundings_.log("event=host_ended host=" + std::to_string(spec_.id) +
                          " status=" + std::to_string(code) + " console=" + last_console_lines());
    }
    listener_(spec_.id, HostEvent::stopped, "");
}

void Host::kill_now() {
    if (life_ != Life::running) {
        return;
    }
    const pid_t init = find_init(container_);
    [[maybe_unused]] const auto killed = write_file(cgroup_ / "cgroup.kill", "1");
    ::kill(container_, SIGKILL);
    wait_for_child(container_);
    // The container's init is an orphan now, which this process inherits (become_subreaper()).
    if (init > 1) {
        wait_for_child(init);
    }
    container_ = -1;
    container_end_.reset();
    life_ = Life::off;
    // What nspawn left must be gone before it may start again in the same cgroup.
    remove_cgroup(cgroup_);
    std::error_code ignored;
    if (!removing_) {
        fs::create_directory(cgroup_, ignored);
    }
}

void Host::signal_init(int signal_number) {
    const pid_t init = life_ == Life::running ? find_init(container_) : -1;
    if (init > 1) {
        ::kill(init, signal_number);
    }
}

void Host::tear_down() {
    kill_now();
    surroundings_.inward->drop(spec_.id);
    surroundings_.outward->drop(spec_.id);
    network_.reset();
    remove_cgroup(cgroup_);
    if (mounted_ && ::umount2((dir_ / "root").c_str(), MNT_DETACH) != 0) {
        surroundings_.log("event=umount_failed host=" + std::to_string(spec_.id) +
                          " why=" + errno_sentence((dir_ / "root").string()));
        return;
    }
    std::error_code ignored;
    fs::rename(dir_, surroundings_.trash_dir / std::to_string(spec_.id), ignored);
}

std::string Host::last_console_lines() const {
    auto console = read_file(dir_ / "console.log");
    if (!console) {
        return "";
    }
    std::string tail = console->size() > kConsoleTailBytes
                           ? console->substr(console->size() - kConsoleTailBytes)
                           : *console;
    for (char& character : tail) {
        if (character == '\n' || character == '\r') {
            character = ' ';
        }
    }
    return tail;
}

}  // namespace hatchery::sandbox
