#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sandbox/digitalocean/rate_window.hpp"

namespace hatchery::sandbox::ocean {

using Time = std::chrono::system_clock::time_point;

/// "2026-01-31T12:00:00Z"
std::string to_text(Time time);

enum class DropletStatus {
    fresh,
    active,
    off,
    archived,  ///< only by a call of a test; it can be deleted as any other
};

struct Droplet {
    std::int64_t id = 0;
    std::string name;
    DropletStatus status = DropletStatus::fresh;
    Time created;
    std::string ipv4;
    nlohmann::json size;
    std::string region;
    nlohmann::json image;
    std::set<std::string> tags;
    /// Lists show it from this time on.
    Time visible_from;
    /// Never leaves `new`.
    bool stuck = false;
    /// Its create's action fails.
    bool fails = false;
    bool prepared = false;
    bool boot_delay_over = false;
    /// Has run: its address is known.
    bool has_address = false;
    bool deleting = false;
    std::int64_t create_action = 0;
};

struct Action {
    std::int64_t id = 0;
    std::string type;
    /// in-progress, completed or errored
    std::string status = "in-progress";
    Time started;
    std::optional<Time> completed;
    std::int64_t droplet = 0;
    std::string region;
};

struct Snapshot {
    std::int64_t id = 0;
    std::string name;
    Time created;
    std::int64_t droplet = 0;
    std::string region;
    int min_disk_gb = 0;
};

struct SshKey {
    std::int64_t id = 0;
    std::string name;
    std::string fingerprint;
    std::string public_key;

    [[nodiscard]] nlohmann::json to_json() const;
};

struct Firewall {
    std::string id;
    std::string name;
    Time created;
    nlohmann::json inbound;
    nlohmann::json outbound;
    std::set<std::string> tags;
    std::set<std::int64_t> droplets;

    [[nodiscard]] bool covers(const Droplet& droplet) const;
    /// TCP ports that its inbound rules open.
    [[nodiscard]] std::set<int> open_ports() const;
    [[nodiscard]] nlohmann::json to_json() const;
};

/// Everything that belongs to one API token.
struct Account {
    std::map<std::int64_t, Droplet> droplets;
    std::map<std::int64_t, Action> actions;
    std::map<std::int64_t, Snapshot> snapshots;
    std::map<std::int64_t, SshKey> ssh_keys;
    std::map<std::string, Firewall> firewalls;
    std::set<std::string> tags;
    /// Reserved IPs by address: region and Droplet, 0 for none.
    std::map<std::string, std::pair<std::string, std::int64_t>> reserved_ips;
    RateWindow rate;

    /// What the firewalls leave open for a Droplet; 22 alone without any.
    [[nodiscard]] std::set<int> open_ports(const Droplet& droplet) const;
};

}  // namespace hatchery::sandbox::ocean
