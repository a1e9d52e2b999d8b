#include "sandbox/hosts/real_fleet.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <charconv>
#include <vector>

#include "sandbox/hosts/namespaces.hpp"
#include "sandbox/hosts/system.hpp"

namespace hatchery::sandbox {
namespace fs = std::filesystem;
namespace {

constexpr int kFirstHostIndex = 2;
constexpr int kInotifyInstances = 8192;
constexpr int kSshPort = 22;

/// Makes this process the parent of containers' processes whose own parent was killed, so that
/// they do not linger where PID 1 is slow to collect them.
void become_subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

}  // namespace

void raise_kernel_limits(const Log& log) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
    const fs::path limit = "/proc/sys/fs/inotify/max_user_instances";
    const auto text = read_file(limit);
    int current = 0;
    if (text) {
        std::from_chars(text->data(), text->data() + text->size(), current);
    }
    if (current >= kInotifyInstances / 2) {
        return;
    }
    if (auto raised = write_file(limit, std::to_string(kInotifyInstances)); !raised) {
        log("event=inotify_limit_low value=" + std::to_string(current) +
            " consequence=hosts_beyond_the_twelfth_may_not_boot why=" + raised.error());
        return;
    }
    log("event=inotify_limit_raised fs.inotify.max_user_instances=" +
        std::to_string(kInotifyInstances) + " was=" + std::to_string(current));
}

RealFleet::RealFleet(const Instance& instance, Log log)
    : instance_(instance), log_(std::move(log)) {
    for (int index = kFirstHostIndex; index <= Instance::last_host_index(); ++index) {
        free_indexes_.push_back(index);
    }
}

Result<std::unique_ptr<RealFleet>> RealFleet::start(const Instance& instance,
                                                    const fs::path& base_image,
                                                    std::vector<ServiceAddress> services,
                                                    int ssh_port, Log log) {
    std::unique_ptr<RealFleet> fleet(new RealFleet(instance, std::move(log)));
    become_subreaper();
    if (auto made = fleet->make_bridge(); !made) {
        return failure(made.error());
    }
    auto inward = Relay::start(fleet->bridge_.get(), fleet->log_);
    auto outward = Relay::start(-1, fleet->log_);
    if (!inward || !outward) {
        return failure(!inward ? inward.error() : outward.error());
    }
    fleet->inward_ = std::move(*inward);
    fleet->outward_ = std::move(*outward);
    fleet->surroundings_ = HostSurroundings{.base_image = base_image,
                                            .hosts_dir = instance.state_dir() / "hosts",
                                            .trash_dir = instance.state_dir() / "trash",
                                            .cgroup = instance.cgroup(),
                                            .bridge_namespace = fleet->bridge_.get(),
                                            .inward = fleet->inward_.get(),
                                            .outward = fleet->outward_.get(),
                                            .services = std::move(services),
                                            .ssh_port = ssh_port,
                                            .log = fleet->log_};
    fleet->reaper_ =
        std::jthread([raw = fleet.get()](const std::stop_token& stop) { raw->empty_trash(stop); });
    return fleet;
}

RealFleet::~RealFleet() {
    std::map<std::int64_t, std::shared_ptr<Host>> hosts;
    {
        const std::lock_guard lock(mutex_);
        hosts.swap(hosts_);
    }
    // Side by side: one after the other would take a second for every ten of them.
    std::vector<std::jthread> removers;
    for (auto& [id, host] : hosts) {
        removers.emplace_back([taken = host] { taken->remove(); });
    }
    removers.clear();
    reaper_ = {};
}

Result<void> RealFleet::make_bridge() {
    auto made = make_network_namespace();
    if (!made) {
        return failure(made.error());
    }
    bridge_ = std::move(*made);
    return run_in_network_namespace(bridge_.get(), [] {
        return run_command({"ip", "-batch", "-"},
                           "link add br0 type bridge\n"
                           "addr add 10.77.0.1/16 dev br0\n"
                           "link set br0 up\n");
    });
}

void RealFleet::set_listener(HostListener listener) { listener_ = std::move(listener); }

Result<std::string> RealFleet::add(const HostSpec& spec) {
    const std::lock_guard lock(mutex_);
    if (free_indexes_.empty()) {
        return failure("no address is left");
    }
    const int index = free_indexes_.front();
    free_indexes_.pop_front();
    std::string address = instance_.public_address(index);
    hosts_.emplace(spec.id, std::make_shared<Host>(surroundings_, spec, address, index, listener_));
    log_("event=host_added host=" + std::to_string(spec.id) + " ip=" + address);
    return address;
}

std::shared_ptr<Host> RealFleet::find(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    const auto found = hosts_.find(id);
    return found == hosts_.end() ? nullptr : found->second;
}

void RealFleet::power_on(std::int64_t id) {
    if (const auto host = find(id)) {
        host->power_on();
    }
}

void RealFleet::power_off(std::int64_t id) {
    if (const auto host = find(id)) {
        host->power_off();
    }
}

void RealFleet::reset(std::int64_t id) {
    if (const auto host = find(id)) {
        host->reset();
    }
}

void RealFleet::shut_down(std::int64_t id) {
    if (const auto host = find(id)) {
        host->shut_down();
    }
}

void RealFleet::reboot(std::int64_t id) {
    if (const auto host = find(id)) {
        host->reboot();
    }
}

void RealFleet::freeze(std::int64_t id, bool frozen) {
    if (const auto host = find(id)) {
        host->freeze(frozen);
    }
}

void RealFleet::set_open_ports(std::int64_t id, const std::set<int>& ports) {
    if (const auto host = find(id)) {
        host->set_open_ports(ports);
    }
}

void RealFleet::cut_ssh(int count, std::uint64_t after_bytes) {
    inward_->cut_next(count, after_bytes, kSshPort);
}

int RealFleet::ssh_cuts_left() const { return inward_->cuts_left(); }

void RealFleet::reset_connections(std::int64_t id) { inward_->reset_connections(id); }

std::vector<HostInfo> RealFleet::list() {
    const std::lock_guard lock(mutex_);
    std::vector<HostInfo> infos;
    infos.reserve(hosts_.size());
    for (const auto& [id, host] : hosts_) {
        infos.push_back(host->info());
    }
    return infos;
}

void RealFleet::reuse_addresses(bool at_once) {
    const std::lock_guard lock(mutex_);
    reuses_addresses_ = at_once;
}

void RealFleet::remove(std::int64_t id) {
    std::shared_ptr<Host> host;
    {
        const std::lock_guard lock(mutex_);
        const auto found = hosts_.find(id);
        if (found == hosts_.end()) {
            return;
        }
        host = std::move(found->second);
        hosts_.erase(found);
    }
    const int index = host->index();
    host->remove();
    log_("event=host_removed host=" + std::to_string(id));
    const std::lock_guard lock(mutex_);
    if (reuses_addresses_) {
        free_indexes_.push_front(index);
    } else {
        free_indexes_.push_back(index);
    }
    trash_waits_ = true;
    trash_filled_.notify_one();
}

void RealFleet::empty_trash(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(mutex_);
            trash_filled_.wait(lock, stop, [this] { return trash_waits_; });
            trash_waits_ = false;
        }
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(surroundings_.trash_dir, error)) {
            std::error_code ignored;
            fs::remove_all(entry.path(), ignored);
        }
    }
}

}  // namespace hatchery::sandbox
