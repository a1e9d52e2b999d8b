#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "sandbox/hosts/fleet.hpp"
#include "sandbox/hosts/host.hpp"
#include "sandbox/hosts/instance.hpp"

namespace hatchery::sandbox {

/// Real hosts on this machine.
class RealFleet : public Fleet {
public:
    /// Makes the bridge and the relays. `base_image` is what ensure_base_image() gave; `services`
    /// are listened on in every host's network namespace; `ssh_port` of a public
    /// address leads to the host's port 22. `instance` must outlive the fleet.
    static Result<std::unique_ptr<RealFleet>> start(const Instance& instance,
                                                    const std::filesystem::path& base_image,
                                                    std::vector<ServiceAddress> services,
                                                    int ssh_port, Log log);
    /// Removes all hosts.
    ~RealFleet() override;

    void set_listener(HostListener listener) override;
    Result<std::string> add(const HostSpec& spec) override;
    void power_on(std::int64_t id) override;
    void power_off(std::int64_t id) override;
    void reset(std::int64_t id) override;
    void shut_down(std::int64_t id) override;
    void reboot(std::int64_t id) override;
    void freeze(std::int64_t id, bool frozen) override;
    void set_open_ports(std::int64_t id, const std::set<int>& ports) override;
    void cut_ssh(int count, std::uint64_t after_bytes) override;
    [[nodiscard]] int ssh_cuts_left() const override;
    void reuse_addresses(bool at_once) override;
    void reset_connections(std::int64_t id) override;
    [[nodiscard]] std::vector<HostInfo> list() override;
    void remove(std::int64_t id) override;

private:
    RealFleet(const Instance& instance, Log log);
    Result<void> make_bridge();
    std::shared_ptr<Host> find(std::int64_t id);
    void empty_trash(const std::stop_token& stop);

    const Instance& instance_;
    Log log_;
    HostListener listener_;
    UniqueFd bridge_;
    std::unique_ptr<Relay> inward_;
    std::unique_ptr<Relay> outward_;
    HostSurroundings surroundings_;

    std::mutex mutex_;
    std::map<std::int64_t, std::shared_ptr<Host>> hosts_;
    /// Least recently used first, so that an address is used again as late as possible.
    std::deque<int> free_indexes_;
    /// Except when asked otherwise.
    bool reuses_addresses_ = false;
    std::condition_variable_any trash_filled_;
    bool trash_waits_ = false;
    std::jthread reaper_;
};

/// Allows more than a dozen hosts at once on kernels with the default of 128 inotify instances;
/// each host holds seven. Logs what it changes, or that it could not.
void raise_kernel_limits(const Log& log);

}  // namespace hatchery::sandbox
