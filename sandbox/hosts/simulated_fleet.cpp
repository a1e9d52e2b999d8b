#include "sandbox/hosts/simulated_fleet.hpp"

namespace hatchery::sandbox {
namespace {

constexpr int kLastIndex = 65'000;

}  // namespace

void SimulatedFleet::set_listener(HostListener listener) { listener_ = std::move(listener); }

Result<std::string> SimulatedFleet::add(const HostSpec& spec) {
    const std::lock_guard lock(mutex_);
    if (next_index_ > kLastIndex) {
        return failure("no address is left");
    }
    std::string address;
    if (reuses_addresses_ && !freed_.empty()) {
        address = freed_.back();
        freed_.pop_back();
    } else {
        const int index = next_index_++;
        // Loopback too: whoever connects by mistake reaches nobody.
        address = "127.76." + std::to_string(index / 256) + "." + std::to_string(index % 256);
    }
    hosts_[spec.id] = {.id = spec.id, .name = spec.name, .public_ipv4 = address};
    open_ports_[spec.id] = {22};
    change(spec.id, HostEvent::prepared);
    return address;
}

void SimulatedFleet::change(std::int64_t id, HostEvent event) {
    scheduler_.after({}, [this, id, event] { listener_(id, event, ""); });
}

void SimulatedFleet::power_on(std::int64_t id) { change(id, HostEvent::started); }

void SimulatedFleet::power_off(std::int64_t id) { change(id, HostEvent::stopped); }

void SimulatedFleet::reset(std::int64_t id) { change(id, HostEvent::started); }

void SimulatedFleet::shut_down(std::int64_t id) { change(id, HostEvent::stopped); }

void SimulatedFleet::reboot(std::int64_t /*id*/) {}

void SimulatedFleet::freeze(std::int64_t /*id*/, bool /*frozen*/) {}

void SimulatedFleet::set_open_ports(std::int64_t id, const std::set<int>& ports) {
    const std::lock_guard lock(mutex_);
    open_ports_[id] = ports;
}

void SimulatedFleet::cut_ssh(int /*count*/, std::uint64_t /*after_bytes*/) {}

void SimulatedFleet::reuse_addresses(bool at_once) {
    const std::lock_guard lock(mutex_);
    reuses_addresses_ = at_once;
}

void SimulatedFleet::reset_connections(std::int64_t /*id*/) {}

std::vector<HostInfo> SimulatedFleet::list() {
    const std::lock_guard lock(mutex_);
    std::vector<HostInfo> infos;
    infos.reserve(hosts_.size());
    for (const auto& [id, info] : hosts_) {
        infos.push_back(info);
    }
    return infos;
}

void SimulatedFleet::remove(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    const auto found = hosts_.find(id);
    if (found == hosts_.end()) {
        return;
    }
    if (reuses_addresses_) {
        freed_.push_back(found->second.public_ipv4);
    }
    hosts_.erase(found);
    open_ports_.erase(id);
}

std::set<int> SimulatedFleet::open_ports(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    const auto found = open_ports_.find(id);
    return found == open_ports_.end() ? std::set<int>{} : found->second;
}

}  // namespace hatchery::sandbox
