#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "core/bot.hpp"
#include "core/server.hpp"
#include "ports/job_store.hpp"

namespace hatchery::ports {

/// Names of sealed secrets, each bound to its row.
namespace secret_name {
inline constexpr const char* telegram_token = "telegram_token";  ///< of a bot
inline constexpr const char* webhook_secret = "webhook_secret";  ///< of a bot
inline constexpr const char* model_api_key = "model_api_key";    ///< of a bot, when it has its own
inline constexpr const char* gateway_token = "gateway_token";    ///< of a bot
inline constexpr const char* client_key = "client_key";          ///< of a server
inline constexpr const char* planted_host_key = "planted_host_key";  ///< of a server, until rotated
}  // namespace secret_name

enum class SecretOwner : std::uint8_t {
    bot,
    server,
    answer,  ///< the body of an answer that is kept for its Idempotency-Key
};

struct SecretRef {
    SecretOwner owner;
    std::string owner_id;
    std::string name;
};

/// What a server row holds before the machine exists.
struct ServerPlan {
    base::ServerId id;
    std::string provider;
    std::string region;
    std::string type;
    std::string image;
    /// Public host key that cloud-init will plant, and the private halves to seal.
    std::string host_key;
    base::Secret planted_host_key;
    std::string client_public_key;
    base::Secret client_key;
};

/// Changes of a server row; unset members stay.
struct ServerChange {
    std::optional<core::ServerState> state;
    std::optional<std::string> provider_server_id;
    std::optional<std::vector<std::string>> create_actions;
    std::optional<std::string> public_ip;
    std::optional<int> ssh_port;
    /// Where it is to be made; only of a server that was not asked for.
    std::optional<std::string> provider;
    std::optional<std::string> region;
    std::optional<std::string> type;
    std::optional<std::string> image;
    std::optional<std::string> host_key;
    std::optional<std::string> next_host_key;
    std::optional<bool> host_key_rotated;
    std::optional<std::string> price_monthly;
    std::optional<std::string> price_hourly;
    std::optional<std::string> price_currency;
    std::optional<base::TimePoint> deleted_at;
};

/// Where a machine is reached, as its provider lists it.
struct FoundAddress {
    base::ServerId server;
    std::string provider_server_id;
    std::string public_ip;
};

/// What the provider's actions say of the create of a booting server.
struct CreateNews {
    base::ServerId server;
    std::string provider_server_id;
    core::CreateWord word;
};

/// Bots, servers and their secrets, as steps, poller and reaper need them. Thread-safe. Writes
/// under a lease answer `conflict` when it is lost.
class FleetStore {
public:
    virtual ~FleetStore() = default;

    [[nodiscard]] virtual base::Result<base::InstallationId> installation() = 0;
    [[nodiscard]] virtual base::Result<core::Bot> bot(const base::BotId& id) = 0;
    /// The server of the bot's current deployment, if there is one.
    [[nodiscard]] virtual base::Result<std::optional<core::Server>> server_of(
        const base::BotId& bot) = 0;
    /// Makes deployment, server row and its sealed keys in one transaction; when the bot has a
    /// current deployment, answers its server and changes nothing.
    [[nodiscard]] virtual base::Result<core::Server> plan_server(const Lease& lease,
                                                                 const base::BotId& bot,
                                                                 const ServerPlan& plan,
                                                                 base::TimePoint now) = 0;
    [[nodiscard]] virtual base::Result<void> change_server(const Lease& lease,
                                                           const base::ServerId& server,
                                                           const ServerChange& change) = 0;
    /// The server is proven gone: state deleted, its deployment ended, its secrets removed.
    [[nodiscard]] virtual base::Result<void> server_gone(const Lease& lease,
                                                         const base::ServerId& server,
                                                         base::TimePoint now) = 0;

    /// `not_found` when there is none; `internal` when it cannot be opened (wrong master key).
    [[nodiscard]] virtual base::Result<base::Secret> secret(const SecretRef& ref) = 0;
    [[nodiscard]] virtual base::Result<void> put_secret(const Lease& lease, const SecretRef& ref,
                                                        const base::Secret& value) = 0;
    [[nodiscard]] virtual base::Result<void> remove_secret(const Lease& lease,
                                                           const SecretRef& ref) = 0;

    /// Servers of this provider that are `creating` or `booting`: what the poller looks for.
    [[nodiscard]] virtual base::Result<std::vector<core::Server>> servers_being_created(
        const std::string& provider) = 0;
    /// Writes the addresses of booting servers whose row has none yet, all in one statement. A
    /// server that is in another state, or that is another machine by now, is passed over.
    [[nodiscard]] virtual base::Result<void> learn_addresses(
        std::span<const FoundAddress> found) = 0;
    /// Writes what is said of creates, all in one statement. A server that is in another state than
    /// booting, or that is another machine by now, is passed over.
    [[nodiscard]] virtual base::Result<void> note_creates(std::span<const CreateNews> news) = 0;
    /// All servers of this provider that are not proven gone: what the reconciler compares with.
    [[nodiscard]] virtual base::Result<std::vector<core::Server>> servers_alive(
        const std::string& provider) = 0;
    /// Servers that should be gone but whose operation has ended, and those whose deployment has:
    /// the reaper's work.
    [[nodiscard]] virtual base::Result<std::vector<core::Server>> servers_left_behind(
        base::TimePoint now) = 0;
    /// The reaper's claim on a server before it asks for the machine's end: if the server is left
    /// behind still, its state becomes `deleting` and its deployment ends, so that an operation
    /// which begins now finds the bot without a server. `conflict` when it is not (any more).
    [[nodiscard]] virtual base::Result<void> condemn_left_behind(
        const base::ServerId& server, const std::string& provider_server_id,
        base::TimePoint now) = 0;
    /// The reaper's last write: the server is proven gone. `conflict` when an operation works on
    /// it.
    [[nodiscard]] virtual base::Result<void> left_behind_gone(const base::ServerId& server,
                                                              base::TimePoint now) = 0;
    /// Holds while the object lives and its connection stands: one leader per name.
    class Leadership {
    public:
        virtual ~Leadership() = default;
        [[nodiscard]] virtual bool held() = 0;
    };
    /// Nothing when somebody else leads.
    [[nodiscard]] virtual base::Result<std::unique_ptr<Leadership>> try_lead(
        const std::string& name) = 0;
};

}  // namespace hatchery::ports
