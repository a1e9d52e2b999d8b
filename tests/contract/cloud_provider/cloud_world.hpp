#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "providers/cloud_provider.hpp"
#include "support/fake_cloud_provider.hpp"

namespace hatchery::contract {

using Method = support::FakeCloudProvider::Method;

/// A refusal of a create, and what it must become.
struct Refusal {
    int status;
    const char* code;
    base::ErrorKind kind;
    base::Effect effect;
};

/// A provider under test and the strings of the cloud behind it. A world starts empty and is used
/// for one check.
class CloudWorld {
public:
    virtual ~CloudWorld() = default;
    [[nodiscard]] virtual providers::CloudProvider& provider() = 0;
    /// What a create may ask for here.
    [[nodiscard]] virtual providers::CreateServer plain_request(const std::string& name) = 0;

    /// A region besides that of plain_request().
    [[nodiscard]] virtual std::string other_region() = 0;
    [[nodiscard]] virtual std::string currency() = 0;
    /// What a list's page holds at most.
    [[nodiscard]] virtual int page_size() = 0;
    [[nodiscard]] virtual std::vector<Refusal> refusals() = 0;

    /// Takes all servers, everything else and all faults away.
    virtual void clear() = 0;
    /// Waits, or lets time pass, until the server runs.
    [[nodiscard]] virtual bool runs_in_time(const std::string& provider_server_id) = 0;
    /// The same for any other status.
    [[nodiscard]] virtual bool comes_to(const std::string& provider_server_id,
                                        providers::CloudServerStatus status) = 0;
    virtual void lose_next_create_answer() = 0;
    /// The next create is taken, and then its action fails; how it must be told. Unset where a
    /// create has no actions.
    [[nodiscard]] virtual std::optional<Refusal> fail_next_create_action() { return std::nullopt; }
    /// The next call of this method is answered with this status and code and has no effect.
    virtual void refuse_next(Method method, int status, const std::string& code) = 0;
    /// The next delete is refused because the provider is busy with the server. False where none
    /// ever is.
    [[nodiscard]] virtual bool lock_next_delete() = 0;
    virtual void set_out_of_stock(const std::string& type, const std::string& region) = 0;
    virtual void set_max_servers(int count) = 0;
    virtual void exhaust_requests() = 0;

    /// Somebody makes an address of this kind that no server has; its id.
    virtual std::string add_address(providers::ResourceKind kind,
                                    const std::map<std::string, std::string>& labels) {
        (void)kind, (void)labels;
        return {};
    }
    /// The same where addresses bear no labels; empty elsewhere.
    virtual std::string add_bare_address() { return {}; }

    /// What the official API description objects to since the world began; empty when nothing, or
    /// when nobody looks.
    [[nodiscard]] virtual std::string violations() { return {}; }
};

[[nodiscard]] std::unique_ptr<CloudWorld> make_fake_world();
/// The operator's own machines, with nothing behind them.
[[nodiscard]] std::unique_ptr<CloudWorld> make_static_world();
/// What Hetzner's codes become, which the fake speaks too.
[[nodiscard]] std::vector<Refusal> hetzner_refusals();
/// Whether an adapter's calls to the sandbox go by way of a proxy that holds both sides to the
/// provider's published API description.
enum class Route { direct, through_openapi_proxy };
[[nodiscard]] std::unique_ptr<CloudWorld> make_hetzner_world(Route route);
[[nodiscard]] std::unique_ptr<CloudWorld> make_digitalocean_world(Route route);

/// Where the published API descriptions are; empty when they are not there.
[[nodiscard]] std::string openapi_document(const std::string& name);

}  // namespace hatchery::contract
