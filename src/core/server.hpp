#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/ids.hpp"
#include "core/create_actions.hpp"

namespace hatchery::core {

/// A server's life, as the row tells it. The row exists before the machine does, so that nothing
/// billed is ever unknown.
enum class ServerState : std::uint8_t {
    planned,  ///< a row with a name, nothing asked for yet; left when the create is about to go out
    creating,  ///< the create may have been sent: look up by name before sending again
    booting,   ///< the provider has it; left when it answers SSH with its own, rotated host key
    ready,     ///< in use; left by a teardown
    deleting,  ///< the delete is under way; left when the provider no longer lists it
    deleted,   ///< gone at the provider
};

struct Server {
    base::ServerId id;
    base::BotId bot_id;
    base::DeploymentId deployment_id;
    std::string provider;
    std::string region;
    std::string type;
    std::string image;
    /// Deterministic and unique in the provider's project: the idempotency handle.
    std::string name;
    ServerState state = ServerState::planned;
    /// The provider's own id, empty until the create has been answered or adopted.
    std::string provider_server_id;
    /// The provider's actions that make it, as the answer to the create named them; none when that
    /// answer was lost.
    std::vector<std::string> create_actions;
    /// What they said when they were asked last.
    CreateWord create_word;
    std::string public_ip;
    /// Where SSH answers there; 0: at the port of all servers.
    std::uint16_t ssh_port = 0;
    /// Pinned SSH host key, `ssh-ed25519 AAAA…`: planted by cloud-init, then rotated.
    std::string host_key;
    /// The rotated key while both are possible; empty otherwise.
    std::string next_host_key;
    /// The key in force has never been in user data: it was rotated, or is the machine's own.
    bool host_key_rotated = false;
    /// Public half of this server's own client key; the private half is sealed.
    std::string client_public_key;
    /// Decimal text as the provider prints it; empty when unknown.
    std::string price_monthly;
    std::string price_hourly;
    std::string price_currency;
    base::TimePoint created_at;
    std::optional<base::TimePoint> deleted_at;
};

/// Where SSH answers on a server, when all that have no port of their own use `usual`.
[[nodiscard]] inline std::uint16_t ssh_port_of(const Server& server, std::uint16_t usual) {
    return server.ssh_port == 0 ? usual : server.ssh_port;
}

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::ServerState> {
    using E = hatchery::core::ServerState;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::planned, "planned"},
                                                       {E::creating, "creating"},
                                                       {E::booting, "booting"},
                                                       {E::ready, "ready"},
                                                       {E::deleting, "deleting"},
                                                       {E::deleted, "deleted"}});
};
