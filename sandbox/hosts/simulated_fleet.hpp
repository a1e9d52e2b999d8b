#pragma once

#include <map>
#include <mutex>

#include "sandbox/hosts/fleet.hpp"
#include "sandbox/hosts/scheduler.hpp"

namespace hatchery::sandbox {

/// Hosts that are nothing but their power state: for an API without root. Nothing listens on their
/// addresses.
class SimulatedFleet : public Fleet {
public:
    SimulatedFleet() = default;

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
    [[nodiscard]] int ssh_cuts_left() const override { return 0; }
    void reuse_addresses(bool at_once) override;
    void reset_connections(std::int64_t id) override;
    [[nodiscard]] std::vector<HostInfo> list() override;
    void remove(std::int64_t id) override;

    /// What set_open_ports() said last, for tests.
    [[nodiscard]] std::set<int> open_ports(std::int64_t id);

private:
    void change(std::int64_t id, HostEvent event);

    HostListener listener_;
    std::mutex mutex_;
    int next_index_ = 1;
    bool reuses_addresses_ = false;
    /// Freed while addresses are given again.
    std::vector<std::string> freed_;
    std::map<std::int64_t, HostInfo> hosts_;
    std::map<std::int64_t, std::set<int>> open_ports_;
    // Last: its thread uses the members above.
    Scheduler scheduler_;
};

}  // namespace hatchery::sandbox
