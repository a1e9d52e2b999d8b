#pragma once

#include "providers/cloud_provider.hpp"

namespace hatchery::providers {

/// Passes every call on to another provider, which outlives it: the base of whatever stands before
/// one and changes some of its calls.
class PassingCloud : public CloudProvider {
public:
    explicit PassingCloud(CloudProvider& inner) : inner_(inner) {}

    std::string name() const override { return inner_.name(); }
    bool has_unique_names() const override { return inner_.has_unique_names(); }
    bool wants_ssh_key() const override { return inner_.wants_ssh_key(); }
    bool can(Capability capability) const override { return inner_.can(capability); }
    base::Result<CloudServer> create_server(const CreateServer& request,
                                            const base::Call& call) override {
        return inner_.create_server(request, call);
    }
    base::Result<std::optional<CloudServer>> find_server(const std::string& server_name,
                                                         const base::Call& call) override {
        return inner_.find_server(server_name, call);
    }
    base::Result<std::optional<CloudServer>> get_server(const std::string& provider_server_id,
                                                        const base::Call& call) override {
        return inner_.get_server(provider_server_id, call);
    }
    base::Result<std::vector<CloudServer>> list_servers(const std::string& label,
                                                        const std::string& value,
                                                        const base::Call& call) override {
        return inner_.list_servers(label, value, call);
    }
    base::Result<std::vector<CloudServer>> list_project(const base::Call& call) override {
        return inner_.list_project(call);
    }
    base::Result<std::vector<CloudServer>> look_at(const WantedServers& wanted,
                                                   const base::Call& call) override {
        return inner_.look_at(wanted, call);
    }
    std::size_t actions_a_request() const override { return inner_.actions_a_request(); }
    base::Result<std::vector<core::CloudAction>> actions(std::span<const std::string> ids,
                                                         const base::Call& call) override {
        return inner_.actions(ids, call);
    }
    base::Result<void> delete_server(const std::string& provider_server_id,
                                     const base::Call& call) override {
        return inner_.delete_server(provider_server_id, call);
    }
    base::Result<void> change_power(const std::string& provider_server_id, PowerAction action,
                                    const base::Call& call) override {
        return inner_.change_power(provider_server_id, action, call);
    }
    base::Result<std::vector<Offer>> offers(const base::Call& call) override {
        return inner_.offers(call);
    }
    base::Result<std::vector<CloudImage>> images(const base::Call& call) override {
        return inner_.images(call);
    }
    base::Result<AccountLimits> limits(const base::Call& call) override {
        return inner_.limits(call);
    }
    std::optional<RequestBudget> budget() const override { return inner_.budget(); }
    base::Result<CloudResource> create_snapshot(const CreateSnapshot& request,
                                                const base::Call& call) override {
        return inner_.create_snapshot(request, call);
    }
    base::Result<CloudResource> create_firewall(const CreateFirewall& request,
                                                const base::Call& call) override {
        return inner_.create_firewall(request, call);
    }
    base::Result<void> update_firewall(const std::string& id, const CreateFirewall& request,
                                       const base::Call& call) override {
        return inner_.update_firewall(id, request, call);
    }
    base::Result<CloudResource> create_ssh_key(const CreateSshKey& request,
                                               const base::Call& call) override {
        return inner_.create_ssh_key(request, call);
    }
    base::Result<std::vector<CloudResource>> list_resources(ResourceKind kind,
                                                            const std::string& label,
                                                            const std::string& value,
                                                            const base::Call& call) override {
        return inner_.list_resources(kind, label, value, call);
    }
    base::Result<std::vector<CloudResource>> idle_addresses(const base::Call& call) override {
        return inner_.idle_addresses(call);
    }
    base::Result<void> keep_guarded(const std::string& installation,
                                    const std::vector<CloudResource>& firewalls,
                                    const base::Call& call) override {
        return inner_.keep_guarded(installation, firewalls, call);
    }
    base::Result<void> delete_resource(ResourceKind kind, const std::string& id,
                                       const base::Call& call) override {
        return inner_.delete_resource(kind, id, call);
    }

protected:
    CloudProvider& inner_;
};

}  // namespace hatchery::providers
