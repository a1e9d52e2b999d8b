#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/call.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
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
    std::string name;
    CloudServerStatus status = CloudServerStatus::unknown;
    std::string public_ip;
    std::map<std::string, std::string> labels;
    std::string region;
    std::string type;
    base::TimePoint created_at;
    /// Decimal text, net, as the provider prints it; empty when the answer has none.
    std::string price_hourly;
    std::string price_monthly;
    std::string price_currency;
};

struct CreateServer {
    /// Unique in the project: the idempotency handle.
    std::string name;
    std::string region;
    std::string type;
    std::string image;
    std::map<std::string, std::string> labels;
    /// cloud-init's user data. Holds the planted host key, so it is never logged.
    base::Secret user_data;
};

/// A server type in one region with what it costs there.
struct Offer {
    std::string region;
    std::string region_description;
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

/// One provider project. Blocking, thread-safe, never retries: an error says whether its effect is
/// none, applied or unknown, and the engine decides.
class CloudProvider {
public:
    virtual ~CloudProvider() = default;

    /// `hetzner`, `digitalocean`.
    [[nodiscard]] virtual std::string name() const = 0;

    /// Asks for a server. `conflict` with code `uniqueness_error` when the name is taken: look it
    /// up and adopt it. `out_of_stock`, `quota_exceeded`, `unauthorized`, `rate_limited`, …; after
    /// `timeout`, 5xx or a lost answer the effect is `unknown`.
    [[nodiscard]] virtual base::Result<CloudServer> create_server(const CreateServer& request,
                                                                  const base::Call& call) = 0;
    /// The server of this name, if the project has one.
    [[nodiscard]] virtual base::Result<std::optional<CloudServer>> find_server(
        const std::string& name, const base::Call& call) = 0;
    /// The server of this id, if it exists.
    [[nodiscard]] virtual base::Result<std::optional<CloudServer>> get_server(
        const std::string& provider_server_id, const base::Call& call) = 0;
    /// All servers bearing this label and value, over all pages.
    [[nodiscard]] virtual base::Result<std::vector<CloudServer>> list_servers(
        const std::string& label, const std::string& value, const base::Call& call) = 0;
    /// Asks for the server's end; one that is gone already is a success.
    [[nodiscard]] virtual base::Result<void> delete_server(const std::string& provider_server_id,
                                                           const base::Call& call) = 0;
    /// What can be had where, and for how much.
    [[nodiscard]] virtual base::Result<std::vector<Offer>> offers(const base::Call& call) = 0;
};

}  // namespace hatchery::providers
