#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/hosts/fleet.hpp"
#include "sandbox/hosts/log.hpp"
#include "sandbox/hosts/relay.hpp"
#include "sandbox/hosts/unique_fd.hpp"

namespace hatchery::sandbox {

/// A service of the machine that hosts reach under the same address.
struct ServiceAddress {
    std::string ipv4;
    int port = 0;
};

/// What all hosts of a sandbox share.
struct HostSurroundings {
    std::filesystem::path base_image;
    /// Has a folder a host.
    std::filesystem::path hosts_dir;
    /// Where removed hosts' folders go before they are deleted.
    std::filesystem::path trash_dir;
    /// Has a cgroup a host.
    std::filesystem::path cgroup;
    /// The network namespace with the bridge `br0`.
    int bridge_namespace = -1;
    /// From the machine to the hosts, and from the hosts to the machine's services.
    Relay* inward = nullptr;
    Relay* outward = nullptr;
    std::vector<ServiceAddress> services;
    /// The port of public addresses that leads to a host's port 22.
    int ssh_port = 22;
    Log log;
};

/// One real host: an overlay over the base image, a network namespace with one end of a veth pair,
/// and systemd in a container. A thread of its own prepares it, starts it, waits for its end and
/// starts it again when it rebooted. What outlives a killed sandbox is cleared by the next one.
class Host {
public:
    /// `index` is unique among the sandbox's hosts and picks the inner address.
    Host(const HostSurroundings& surroundings, HostSpec spec, std::string public_ipv4, int index,
         HostListener listener);
    /// Removes the host and everything of it.
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    /// Ends the host and takes everything of it away; returns when it is gone.
    void remove();
    void power_on();
    void power_off();
    void reset();
    void shut_down();
    void reboot();
    void freeze(bool frozen);
    void set_open_ports(const std::set<int>& ports);
    [[nodiscard]] const std::string& public_ipv4() const { return public_ipv4_; }
    [[nodiscard]] int index() const { return index_; }
    [[nodiscard]] HostInfo info() const;

private:
    enum class Life { off, running, broken };

    void run();
    Result<void> prepare();
    Result<void> mount_root();
    Result<void> write_seed();
    Result<void> plug_in_network();
    Result<void> open_services();
    void open_port(int port);
    void start();
    void wait_for_end();
    void handle_end(int wait_status);
    void kill_now();
    void signal_init(int signal_number);
    void tear_down();

    void post(std::function<void()> command);
    void wait_for_command_or_end();
    void run_commands();
    [[nodiscard]] std::string inner_ipv4() const;
    [[nodiscard]] std::string last_console_lines() const;

    const HostSurroundings& surroundings_;
    const HostSpec spec_;
    const std::string public_ipv4_;
    const int index_;
    const HostListener listener_;
    const std::filesystem::path dir_;
    const std::filesystem::path cgroup_;

    // Only the host's own thread touches these.
    Life life_ = Life::off;
    UniqueFd network_;
    std::set<int> open_ports_;
    pid_t container_ = -1;
    UniqueFd container_end_;
    bool mounted_ = false;
    bool removing_ = false;

    std::mutex mutex_;
    std::deque<std::function<void()>> commands_;
    UniqueFd wake_;
    std::thread thread_;
};

}  // namespace hatchery::sandbox
