#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "sandbox/hosts/result.hpp"

namespace hatchery::sandbox {

/// What a host is made from.
struct HostSpec {
    /// Unique for ever; names the host's folder, cgroup and cloud-init instance.
    std::int64_t id = 0;
    /// An RFC 1123 name; becomes the host name.
    std::string name;
    /// For cloud-init, as the API's caller gave it.
    std::string user_data;
    /// Public keys that may log in as root, from the API's ssh_keys.
    std::vector<std::string> authorized_keys;
    /// The host shows an SSH host key of its own making instead of the planted one.
    bool ignores_planted_host_key = false;
};

/// What GET /v1/sandbox/hosts shows of a host.
struct HostInfo {
    std::int64_t id = 0;
    std::string name;
    std::string public_ipv4;
    /// Where the machine sees the files that the host wrote; empty when there are none.
    std::string upper_dir;
};

enum class HostEvent {
    prepared,        ///< disk and network are there; it may be powered on
    prepare_failed,  ///< it will never run; the message says why
    started,         ///< its init runs
    start_failed,    ///< it stays off; the message says why
    stopped,         ///< it is off, by itself or by a call
};

/// Called on the host's own thread, never from inside a call to the fleet.
using HostListener =
    std::function<void(std::int64_t id, HostEvent event, const std::string& message)>;

/// The hosts behind a cloud API. All calls but remove() return at once; what comes of them is
/// reported to the listener. Calls naming an unknown host do nothing. Thread-safe.
class Fleet {
public:
    Fleet() = default;
    virtual ~Fleet() = default;
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    /// Once, before the first add().
    virtual void set_listener(HostListener listener) = 0;
    /// Starts preparing a host, which stays off, and gives its public address. Fails when no
    /// address is left.
    virtual Result<std::string> add(const HostSpec& spec) = 0;
    virtual void power_on(std::int64_t id) = 0;
    /// The power cord: everything in the host ends at once.
    virtual void power_off(std::int64_t id) = 0;
    /// power_off() and power_on().
    virtual void reset(std::int64_t id) = 0;
    /// Presses the power button: the host's init shuts down, if it listens.
    virtual void shut_down(std::int64_t id) = 0;
    /// Ctrl-Alt-Del: the host's init reboots, if it listens.
    virtual void reboot(std::int64_t id) = 0;
    /// Stops and resumes every process of the host; its connections stay open.
    virtual void freeze(std::int64_t id, bool frozen) = 0;
    /// Which ports of the public address lead to the host; 22 alone at the beginning.
    virtual void set_open_ports(std::int64_t id, const std::set<int>& ports) = 0;
    /// The next `count` SSH connections to any host are reset after `after_bytes`.
    virtual void cut_ssh(int count, std::uint64_t after_bytes) = 0;
    [[nodiscard]] virtual int ssh_cuts_left() const = 0;
    /// From now on a new host gets the address that was freed last, instead of the one that was
    /// freed first.
    virtual void reuse_addresses(bool at_once) = 0;
    /// Resets the host's running connections.
    virtual void reset_connections(std::int64_t id) = 0;
    [[nodiscard]] virtual std::vector<HostInfo> list() = 0;
    /// Removes the host and everything of it; returns when it is gone.
    virtual void remove(std::int64_t id) = 0;
};

}  // namespace hatchery::sandbox
