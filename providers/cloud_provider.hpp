#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/call.hpp"
#include "base/result.hpp"
#include "core/create_actions.hpp"
#include "providers/cloud_types.hpp"

namespace hatchery::providers {

/// One provider project. Blocking, thread-safe, never retries: an error says whether its effect is
/// none, applied or unknown, and the engine decides.
///
/// Labels are pairs of key and value on everything that can bear them. Where a provider knows tags
/// only, a pair is the tag `key:value`; where a kind of thing can bear neither, its name holds
/// them. What the caller gets is labels in every case.
class CloudProvider {
public:
    virtual ~CloudProvider() = default;

    /// `hetzner`, `digitalocean`, `static`.
    [[nodiscard]] virtual std::string name() const = 0;
    /// Whether the provider refuses a second server of the same name. Where it does not, nothing
    /// but a look-up stands between a create whose answer was lost and a second machine.
    [[nodiscard]] virtual bool has_unique_names() const = 0;

    /// Whether the provider makes up a root password and mails it when a create names no key.
    [[nodiscard]] virtual bool wants_ssh_key() const = 0;

    /// Whether the provider offers this at all.
    [[nodiscard]] virtual bool can(Capability capability) const = 0;

    /// Asks for a server. `conflict` with code `uniqueness_error` when the name is taken: look it
    /// up and adopt it. `out_of_stock`, `quota_exceeded`, `unauthorized`, `rate_limited`, …; after
    /// `timeout`, 5xx or a lost answer the effect is `unknown`. The address may come later.
    [[nodiscard]] virtual base::Result<CloudServer> create_server(const CreateServer& request,
                                                                  const base::Call& call) = 0;
    /// The server that was created under this name, if the project has one; the oldest, should
    /// there be more.
    [[nodiscard]] virtual base::Result<std::optional<CloudServer>> find_server(
        const std::string& name, const base::Call& call) = 0;
    /// The server of this id, if it exists.
    [[nodiscard]] virtual base::Result<std::optional<CloudServer>> get_server(
        const std::string& provider_server_id, const base::Call& call) = 0;
    /// All servers bearing this label and value, over all pages.
    [[nodiscard]] virtual base::Result<std::vector<CloudServer>> list_servers(
        const std::string& label, const std::string& value, const base::Call& call) = 0;
    /// All servers of the project, whoever made them, over all pages: to show, and never to delete
    /// by.
    [[nodiscard]] virtual base::Result<std::vector<CloudServer>> list_project(
        const base::Call& call) = 0;
    /// Those of the wanted servers that exist, for no more requests than there are wanted ones, and
    /// for fewer where many can be asked for at once. When a request fails, what was seen until
    /// then, if that is anything: who is not in the answer may exist.
    [[nodiscard]] virtual base::Result<std::vector<CloudServer>> look_at(
        const WantedServers& wanted, const base::Call& call) {
        std::vector<CloudServer> seen;
        for (const auto& one : wanted.servers) {
            auto found = get_server(one.provider_server_id, call);
            if (!found && seen.empty()) return base::fail(std::move(found).error());
            if (!found) return seen;
            if (*found) seen.push_back(**std::move(found));
        }
        return seen;
    }
    /// How many actions one request of actions() asks for; 0 where creates have none.
    [[nodiscard]] virtual std::size_t actions_a_request() const { return 0; }
    /// How these actions stand, for no more requests than they fill. Who is not in the answer is
    /// not known there (any more). When a request fails, what was seen until then, if that is
    /// anything.
    [[nodiscard]] virtual base::Result<std::vector<core::CloudAction>> actions(
        std::span<const std::string> ids, const base::Call& call) {
        (void)ids, (void)call;
        return std::vector<core::CloudAction>{};
    }
    /// Asks for the server's end; one that is gone already is a success.
    [[nodiscard]] virtual base::Result<void> delete_server(const std::string& provider_server_id,
                                                           const base::Call& call) = 0;
    /// Asks for a change of power; success means that the provider took the order. A server that
    /// is switched off costs as much as one that runs. `not_found` when the server is gone,
    /// `conflict` while the provider is busy with it.
    [[nodiscard]] virtual base::Result<void> change_power(const std::string& provider_server_id,
                                                          PowerAction action,
                                                          const base::Call& call) = 0;

    /// What can be had where, and for how much: types by regions.
    [[nodiscard]] virtual base::Result<std::vector<Offer>> offers(const base::Call& call) = 0;
    /// The images that a server can be made from: the provider's own ones, for our machines.
    [[nodiscard]] virtual base::Result<std::vector<CloudImage>> images(const base::Call& call) = 0;
    /// What the account may have, as far as the provider tells.
    [[nodiscard]] virtual base::Result<AccountLimits> limits(const base::Call& call) = 0;
    /// The request budget as the last answer told it; nothing before the first answer.
    [[nodiscard]] virtual std::optional<RequestBudget> budget() const = 0;

    /// Begins a snapshot of a server's disk, which outlives the server and costs by its size.
    /// `conflict` while the provider is busy with the server. Nothing here is idempotent: list by
    /// label before asking again.
    [[nodiscard]] virtual base::Result<CloudResource> create_snapshot(const CreateSnapshot& request,
                                                                      const base::Call& call) = 0;
    /// Makes a firewall that lets nothing in but SSH from the sources, and everything out, over
    /// every server that bears the label `applies_to`, now and later. `conflict` when the name is
    /// taken.
    [[nodiscard]] virtual base::Result<CloudResource> create_firewall(const CreateFirewall& request,
                                                                      const base::Call& call) = 0;
    /// Gives a firewall that create_firewall() made the rules of this request, and covers the
    /// servers of its label again if it does not.
    [[nodiscard]] virtual base::Result<void> update_firewall(const std::string& id,
                                                             const CreateFirewall& request,
                                                             const base::Call& call) = 0;
    /// Registers a public key. `conflict` when the project has the key or, where names are unique,
    /// the name.
    [[nodiscard]] virtual base::Result<CloudResource> create_ssh_key(const CreateSshKey& request,
                                                                     const base::Call& call) = 0;
    /// All of a kind bearing this label and value, over all pages.
    [[nodiscard]] virtual base::Result<std::vector<CloudResource>> list_resources(
        ResourceKind kind, const std::string& label, const std::string& value,
        const base::Call& call) = 0;
    /// Addresses of the account that no server has and that can bear no label, so that nobody can
    /// say whose they are: they cost money, and are told of and never ended. None where addresses
    /// bear labels.
    [[nodiscard]] virtual base::Result<std::vector<CloudResource>> idle_addresses(
        const base::Call& call) {
        (void)call;
        return std::vector<CloudResource>{};
    }
    /// Puts right what keeps the world away from the servers of an installation, given the
    /// firewalls that list_resources() showed for its label; asks nothing when all is right.
    [[nodiscard]] virtual base::Result<void> keep_guarded(
        const std::string& installation, const std::vector<CloudResource>& firewalls,
        const base::Call& call) {
        (void)installation, (void)firewalls, (void)call;
        return {};
    }
    /// Ends one; one that is gone already is a success. `conflict` while something uses it.
    [[nodiscard]] virtual base::Result<void> delete_resource(ResourceKind kind,
                                                             const std::string& id,
                                                             const base::Call& call) = 0;
};

}  // namespace hatchery::providers
