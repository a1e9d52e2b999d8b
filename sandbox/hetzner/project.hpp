#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/hetzner/label_selector.hpp"
#include "sandbox/hetzner/rate_limit.hpp"

namespace hatchery::sandbox {

using Time = std::chrono::system_clock::time_point;

/// "2026-01-31T12:00:00+00:00"
std::string to_rfc3339(Time time);

enum class ActionStatus { running, success, error };

/// One asynchronous task. Left `running` until the host reports, then final.
struct Action {
    std::int64_t id = 0;
    std::string command;
    ActionStatus status = ActionStatus::running;
    Time started;
    std::optional<Time> finished;
    /// (type, id) of what it works on.
    std::vector<std::pair<std::string, std::int64_t>> resources;
    std::string error_code;
    std::string error_message;

    [[nodiscard]] nlohmann::json to_json() const;
    [[nodiscard]] bool concerns(const std::string& type, std::int64_t id_of_resource) const;
};

enum class ServerStatus {
    initializing,  ///< being prepared; the host's report or the boot delay ends it
    starting,      ///< told to power on; the host's report ends it
    running,
    off,
    deleting,  ///< the host is being removed; then the server is gone
};

struct Server {
    std::int64_t id = 0;
    std::string name;
    ServerStatus status = ServerStatus::initializing;
    Time created;
    std::string ipv4;
    nlohmann::json server_type;
    nlohmann::json location;
    nlohmann::json image;
    Labels labels;
    /// Lists show it from this time on.
    Time visible_from;
    bool start_after_create = true;
    /// Never leaves `initializing`.
    bool stuck = false;
    /// What its create's actions say when they fail; empty: they do not.
    std::string fails_with;
    bool prepared = false;
    bool boot_delay_over = false;
    std::int64_t create_action = 0;
    /// Of the power-on under way; 0 when there is none.
    std::int64_t start_action = 0;
};

struct SshKey {
    std::int64_t id = 0;
    std::string name;
    std::string fingerprint;
    std::string public_key;
    Labels labels;
    Time created;

    [[nodiscard]] nlohmann::json to_json() const;
};

/// A primary or floating IP that somebody made. What a server comes with is in the server.
struct Address {
    std::int64_t id = 0;
    bool floating = false;
    std::string name;
    std::string type;
    std::string ip;
    nlohmann::json location;
    Labels labels;
    Time created;
    /// The server that has it; 0 for none.
    std::int64_t server = 0;
    /// Of a primary one: goes with its server.
    bool auto_delete = false;

    [[nodiscard]] nlohmann::json to_json() const;
};

struct Firewall {
    std::int64_t id = 0;
    std::string name;
    Labels labels;
    Time created;
    std::vector<nlohmann::json> rules;
    std::set<std::int64_t> servers;
    std::set<std::string> selectors;

    /// Whether it protects this server, directly or by its labels.
    [[nodiscard]] bool covers(const Server& server) const;
    /// TCP ports that its inbound rules open.
    [[nodiscard]] std::set<int> open_ports() const;
};

/// Everything that belongs to one API token.
struct Project {
    std::map<std::int64_t, Server> servers;
    std::map<std::int64_t, Action> actions;
    std::map<std::int64_t, SshKey> ssh_keys;
    std::map<std::int64_t, Firewall> firewalls;
    std::map<std::int64_t, Address> addresses;
    /// Snapshots, as the API shows them. A server made from one starts from the base image.
    std::map<std::int64_t, nlohmann::json> snapshots;
    RateLimit rate_limit;

    [[nodiscard]] nlohmann::json server_json(const Server& server) const;
    /// The primary IPs or the floating ones, those that servers came with included.
    [[nodiscard]] std::vector<Address> addresses_of(bool floating) const;
    [[nodiscard]] nlohmann::json firewall_json(const Firewall& firewall) const;
    /// What the firewalls leave open for a server; 22 alone without any.
    [[nodiscard]] std::set<int> open_ports(const Server& server) const;
};

std::string to_text(ServerStatus status);
std::string to_text(ActionStatus status);

}  // namespace hatchery::sandbox
