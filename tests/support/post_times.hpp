#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "providers/passing_cloud.hpp"

namespace hatchery::support {

/// Passes calls on, and notes how much time those had that send a POST.
class PostTimes final : public providers::PassingCloud {
public:
    using PassingCloud::PassingCloud;

    base::Result<providers::CloudServer> create_server(const providers::CreateServer& request,
                                                       const base::Call& call) override {
        note(call);
        return inner_.create_server(request, call);
    }
    base::Result<void> change_power(const std::string& provider_server_id,
                                    providers::PowerAction action,
                                    const base::Call& call) override {
        note(call);
        return inner_.change_power(provider_server_id, action, call);
    }
    base::Result<providers::CloudResource> create_firewall(const providers::CreateFirewall& request,
                                                           const base::Call& call) override {
        note(call);
        return inner_.create_firewall(request, call);
    }
    base::Result<void> update_firewall(const std::string& id,
                                       const providers::CreateFirewall& request,
                                       const base::Call& call) override {
        note(call);
        return inner_.update_firewall(id, request, call);
    }
    base::Result<providers::CloudResource> create_ssh_key(const providers::CreateSshKey& request,
                                                          const base::Call& call) override {
        note(call);
        return inner_.create_ssh_key(request, call);
    }
    base::Result<void> keep_guarded(const std::string& installation,
                                    const std::vector<providers::CloudResource>& firewalls,
                                    const base::Call& call) override {
        note(call);
        return inner_.keep_guarded(installation, firewalls, call);
    }
    base::Result<void> delete_resource(providers::ResourceKind kind, const std::string& id,
                                       const base::Call& call) override {
        // A firewall is taken off its servers before.
        if (kind == providers::ResourceKind::firewall) note(call);
        return inner_.delete_resource(kind, id, call);
    }

    [[nodiscard]] std::size_t posts() const { return left_.size(); }
    /// Of the hastiest.
    [[nodiscard]] std::chrono::milliseconds least() const {
        return left_.empty() ? std::chrono::milliseconds{0} : std::ranges::min(left_);
    }

private:
    void note(const base::Call& call) { left_.push_back(call.left()); }

    std::vector<std::chrono::milliseconds> left_;
};

}  // namespace hatchery::support
