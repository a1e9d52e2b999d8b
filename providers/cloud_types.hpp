#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/secret.hpp"

namespace hatchery::providers {

enum class CloudServerStatus : std::uint8_t {
    initializing,  ///< being made
    starting,      ///< booting
    running,
    off,
    deleting,
    unknown,  ///< a word that we do not know
};

/// A server as the provider reports it.
struct CloudServer {
    std::string provider_server_id;
    /// Of a create's answer: the ids of the actions that make it. Empty elsewhere.
    std::vector<std::string> create_actions = {};
    std::string name;
    CloudServerStatus status = CloudServerStatus::unknown;
    /// Empty until the provider has given it one.
    std::string public_ip;
    /// Where SSH answers there; 0: at the port of all servers.
    std::uint16_t ssh_port = 0;
    /// The SSH host key that the machine shows (`ssh-ed25519 AAAA…`), where it has one of its own
    /// that the provider vouches for; empty where it shows the one that came with the user data.
    std::string host_key;
    std::map<std::string, std::string> labels;
    std::string region;
    std::string type;
    base::TimePoint created_at;
    /// Decimal text, net, as the provider prints it; empty when the answer has none.
    std::string price_hourly;
    std::string price_monthly;
    std::string price_currency;
};

/// Some of one installation's servers.
struct WantedServers {
    struct One {
        std::string provider_server_id;
        /// What `label` says at this one.
        std::string label_value;
    };
    /// The label that all of the installation's servers bear.
    std::pair<std::string, std::string> of_all;
    /// The label that tells them apart.
    std::string label;
    std::vector<One> servers;
};

struct CreateServer {
    /// Unique in the project: the idempotency handle.
    std::string name;
    std::string region;
    std::string type;
    /// The name of one of images(), or the id of a snapshot.
    std::string image;
    std::map<std::string, std::string> labels;
    /// cloud-init's user data. Holds the planted host key, so it is never logged.
    base::Secret user_data;
    /// Ids of registered keys that may log in besides what the user data says. A provider that is
    /// given none may make up a root password and mail it.
    std::vector<std::string> ssh_keys;
};

/// A server type in one region with what it costs there.
struct Offer {
    std::string region;
    std::string region_description;
    /// ISO 3166-1 alpha-2, upper case; empty when it is not known.
    std::string country;
    std::string type;
    /// `x86` or `arm`; empty when the provider does not say.
    std::string architecture;
    int cores = 0;
    double memory_gb = 0;
    int disk_gb = 0;
    std::string price_hourly;
    std::string price_monthly;
    std::string price_currency;
    bool available = true;
};

/// What a server can be made from.
struct CloudImage {
    /// What CreateServer::image takes.
    std::string name;
    std::string description;
    /// `x86` or `arm`; empty when the provider does not say.
    std::string architecture;
};

/// What the account may have. What the provider does not tell is absent.
struct AccountLimits {
    std::optional<long> max_servers;
    /// Nothing is created in an account that is not usable; empty when it is or when nobody says.
    std::string locked_because;
};

/// What the project's request budget was when the provider last said so.
struct RequestBudget {
    long limit = 0;
    long remaining = 0;
    base::TimePoint seen_at;
};

/// What a provider may lack. What is not offered answers `invalid` with the code `not_offered`, and
/// has no effect.
enum class Capability : std::uint8_t {
    power,           ///< change_power()
    snapshots,       ///< create_snapshot(), and resources of that kind
    firewalls,       ///< create_firewall(), update_firewall(), and resources of that kind
    ssh_keys,        ///< create_ssh_key(), and resources of that kind
    addresses,       ///< resources of the kinds of addresses, which bear labels
    request_limits,  ///< only so many requests in a time; without it, budget() never knows one
};

inline constexpr const char* code_not_offered = "not_offered";

enum class PowerAction : std::uint8_t {
    on,
    off,       ///< the power cord
    shutdown,  ///< asks the system to end
    reboot,    ///< asks the system to restart
    reset,     ///< the power cord, and on again
};

/// What a project holds besides servers.
enum class ResourceKind : std::uint8_t {
    snapshot,
    firewall,
    ssh_key,
    primary_ip,   ///< the address that a server is reached by; may outlive its server
    floating_ip,  ///< an address beside it, which goes from server to server
};

/// What a provider must offer to have resources of a kind.
[[nodiscard]] constexpr Capability capability_of(ResourceKind kind) {
    switch (kind) {
        case ResourceKind::snapshot:
            return Capability::snapshots;
        case ResourceKind::firewall:
            return Capability::firewalls;
        case ResourceKind::ssh_key:
            return Capability::ssh_keys;
        case ResourceKind::primary_ip:
        case ResourceKind::floating_ip:
            break;
    }
    return Capability::addresses;
}

[[nodiscard]] constexpr bool is_address(ResourceKind kind) {
    return kind == ResourceKind::primary_ip || kind == ResourceKind::floating_ip;
}

struct CloudResource {
    ResourceKind kind = ResourceKind::snapshot;
    std::string id;
    std::string name;
    std::map<std::string, std::string> labels;
    /// Where the provider tells.
    std::optional<base::TimePoint> created_at;
    /// Of a snapshot: what it is charged for.
    double size_gb = 0;
    /// Of a snapshot: it can be used. Everything else is ready at once.
    bool ready = true;
    /// Of a firewall: where SSH is let in from, in CIDR form, sorted.
    std::vector<std::string> ssh_sources;
    /// Of an address: a server has it. One that is on its own is charged.
    bool in_use = false;
    /// Of an address, as far as the provider tells; decimal text, net.
    std::string region;
    std::string price_monthly;
    std::string price_currency;
    /// Of a firewall: the labels whose servers it covers.
    std::vector<std::pair<std::string, std::string>> applies_to;
};

struct CreateSnapshot {
    std::string provider_server_id;
    /// At most 63 letters, digits and hyphens.
    std::string name;
    std::map<std::string, std::string> labels;
};

struct CreateFirewall {
    /// At most 63 letters, digits and hyphens.
    std::string name;
    /// The firewall's own label, and that of the servers which it covers.
    std::pair<std::string, std::string> applies_to;
    /// CIDR forms; never empty. `0.0.0.0/0` and `::/0` stand for everybody.
    std::vector<std::string> ssh_sources;
};

struct CreateSshKey {
    /// At most 63 letters, digits and hyphens.
    std::string name;
    std::string public_key;
    /// The key's label.
    std::pair<std::string, std::string> label;
};

}  // namespace hatchery::providers

template <>
struct hatchery::base::EnumNames<hatchery::providers::PowerAction> {
    using E = hatchery::providers::PowerAction;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::on, "on"},
                                                       {E::off, "off"},
                                                       {E::shutdown, "shutdown"},
                                                       {E::reboot, "reboot"},
                                                       {E::reset, "reset"}});
};

template <>
struct hatchery::base::EnumNames<hatchery::providers::ResourceKind> {
    using E = hatchery::providers::ResourceKind;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::snapshot, "snapshot"},
                                                       {E::firewall, "firewall"},
                                                       {E::ssh_key, "ssh_key"},
                                                       {E::primary_ip, "primary_ip"},
                                                       {E::floating_ip, "floating_ip"}});
};
