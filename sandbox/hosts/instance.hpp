#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/hosts/log.hpp"
#include "sandbox/hosts/result.hpp"
#include "sandbox/hosts/unique_fd.hpp"

namespace hatchery::sandbox {

/// One running sandbox's share of the machine: a number that no other running sandbox has, and from
/// it the names of everything it makes (cgroup, addresses, folder). The share is held by a file
/// lock, which the kernel gives back however the process ends; whoever claims a share first clears
/// away what a dead holder of any share left.
class Instance {
public:
    /// Claims a share and the state folder. An empty `state_dir` means a folder named after the
    /// share below /var/lib/hatchery-sandbox. Needs root and enter_private_mount_namespace().
    static Result<std::unique_ptr<Instance>> claim(const std::filesystem::path& state_dir,
                                                   const Log& log);
    /// Removes the state of the share (the hosts must be gone) and gives it back.
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] const std::filesystem::path& state_dir() const { return state_dir_; }
    /// Below which every host has its own cgroup.
    [[nodiscard]] const std::filesystem::path& cgroup() const { return cgroup_; }
    /// Where this sandbox's own services listen, reachable from its hosts and from the machine.
    [[nodiscard]] std::string service_address() const { return public_address(1); }
    /// The address of host `index`, which is 2 to last_host_index().
    [[nodiscard]] std::string public_address(int index) const;
    [[nodiscard]] static int last_host_index();

private:
    Instance() = default;

    int number_ = 0;
    UniqueFd lock_;
    UniqueFd state_lock_;
    bool owns_state_dir_ = false;
    std::filesystem::path state_dir_;
    std::filesystem::path cgroup_;
};

/// Kills everything in a cgroup and removes it with all below it. Waits up to some seconds for the
/// last process; false when something is still there.
bool remove_cgroup(const std::filesystem::path& cgroup);

}  // namespace hatchery::sandbox
