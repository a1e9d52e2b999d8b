#include "sandbox/hosts/fleet_switch.hpp"

#include <algorithm>
#include <map>
#include <mutex>

namespace hatchery::sandbox {

/// Whose hosts are whose. Outlives the switch while the fleet's threads report.
struct FleetSwitch::Owners {
    std::mutex mutex;
    std::map<std::int64_t, const Share*> by_host;
    std::map<const Share*, HostListener> listeners;

    bool own(std::int64_t id, const Share* share) {
        const std::lock_guard lock(mutex);
        const auto found = by_host.find(id);
        return found != by_host.end() && found->second == share;
    }
};

class FleetSwitch::Share final : public Fleet {
public:
    Share(Fleet& fleet, std::shared_ptr<Owners> owners)
        : fleet_(fleet), owners_(std::move(owners)) {}
    ~Share() override {
        const std::lock_guard lock(owners_->mutex);
        owners_->listeners.erase(this);
    }

    void set_listener(HostListener listener) override {
        const std::lock_guard lock(owners_->mutex);
        owners_->listeners[this] = std::move(listener);
    }
    Result<std::string> add(const HostSpec& spec) override {
        {
            // Before the fleet can report.
            const std::lock_guard lock(owners_->mutex);
            owners_->by_host[spec.id] = this;
        }
        auto added = fleet_.add(spec);
        if (!added) {
            const std::lock_guard lock(owners_->mutex);
            owners_->by_host.erase(spec.id);
        }
        return added;
    }
    void power_on(std::int64_t id) override { fleet_.power_on(id); }
    void power_off(std::int64_t id) override { fleet_.power_off(id); }
    void reset(std::int64_t id) override { fleet_.reset(id); }
    void shut_down(std::int64_t id) override { fleet_.shut_down(id); }
    void reboot(std::int64_t id) override { fleet_.reboot(id); }
    void freeze(std::int64_t id, bool frozen) override { fleet_.freeze(id, frozen); }
    void set_open_ports(std::int64_t id, const std::set<int>& ports) override {
        fleet_.set_open_ports(id, ports);
    }
    void cut_ssh(int count, std::uint64_t after_bytes) override {
        fleet_.cut_ssh(count, after_bytes);
    }
    [[nodiscard]] int ssh_cuts_left() const override { return fleet_.ssh_cuts_left(); }
    void reuse_addresses(bool at_once) override { fleet_.reuse_addresses(at_once); }
    void reset_connections(std::int64_t id) override { fleet_.reset_connections(id); }
    [[nodiscard]] std::vector<HostInfo> list() override {
        std::vector<HostInfo> hosts = fleet_.list();
        std::erase_if(hosts, [this](const HostInfo& host) { return !owners_->own(host.id, this); });
        return hosts;
    }
    void remove(std::int64_t id) override {
        fleet_.remove(id);
        const std::lock_guard lock(owners_->mutex);
        owners_->by_host.erase(id);
    }

private:
    Fleet& fleet_;
    std::shared_ptr<Owners> owners_;
};

FleetSwitch::FleetSwitch(Fleet& fleet) : fleet_(fleet), owners_(std::make_shared<Owners>()) {
    fleet_.set_listener(
        [owners = owners_](std::int64_t id, HostEvent event, const std::string& message) {
            HostListener listener;
            {
                const std::lock_guard lock(owners->mutex);
                const auto owner = owners->by_host.find(id);
                if (owner == owners->by_host.end()) {
                    return;
                }
                const auto found = owners->listeners.find(owner->second);
                if (found == owners->listeners.end()) {
                    return;
                }
                listener = found->second;
            }
            listener(id, event, message);
        });
}

FleetSwitch::~FleetSwitch() = default;

std::unique_ptr<Fleet> FleetSwitch::make_share() {
    return std::make_unique<Share>(fleet_, owners_);
}

}  // namespace hatchery::sandbox
