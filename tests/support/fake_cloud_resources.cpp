#include <algorithm>

#include "support/fake_cloud_provider.hpp"

// What a project has besides the making and ending of servers.
namespace hatchery::support {

using base::ErrorKind;
using base::Result;
using providers::CloudResource;
using providers::PowerAction;
using providers::ResourceKind;

std::string FakeCloudProvider::add_resource(CloudResource resource) {
    const std::scoped_lock lock(mutex_);
    if (resource.id.empty()) resource.id = std::to_string(next_id_++);
    resources_.push_back(resource);
    return resource.id;
}

void FakeCloudProvider::behave_as_digitalocean() {
    const std::scoped_lock lock(mutex_);
    options_.unique_names = false;
    options_.late_address = true;
    options_.wants_ssh_key = true;
}

void FakeCloudProvider::stop_failing() {
    const std::scoped_lock lock(mutex_);
    failures_.clear();
}

void FakeCloudProvider::set_budget(std::optional<providers::RequestBudget> budget) {
    const std::scoped_lock lock(mutex_);
    budget_ = budget;
}

std::vector<CloudResource> FakeCloudProvider::resources() const {
    const std::scoped_lock lock(mutex_);
    return resources_;
}

bool FakeCloudProvider::has_unique_names() const { return options_.unique_names; }

bool FakeCloudProvider::can(providers::Capability) const { return true; }

bool FakeCloudProvider::wants_ssh_key() const { return options_.wants_ssh_key; }

Result<void> FakeCloudProvider::change_power(const std::string& provider_server_id,
                                             PowerAction action, const base::Call& call) {
    if (auto entered = enter(Method::power, provider_server_id, call); !entered) return entered;
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find_if(machines_, [&](const Machine& machine) {
        return machine.server.provider_server_id == provider_server_id && !machine.deleted_at;
    });
    if (found == machines_.end()) {
        return base::fail({.kind = ErrorKind::not_found,
                           .message = "there is no server " + provider_server_id,
                           .code = "not_found"});
    }
    const bool ends = action == PowerAction::off || action == PowerAction::shutdown;
    found->boot = ends ? Boot::off : Boot::done;
    if (!ends) found->server.status = providers::CloudServerStatus::running;
    return {};
}

Result<std::vector<providers::CloudImage>> FakeCloudProvider::images(const base::Call& call) {
    if (auto entered = enter(Method::images, {}, call); !entered) {
        return base::fail(entered.error());
    }
    return std::vector<providers::CloudImage>{
        {.name = "debian-12", .description = "Debian 12", .architecture = "x86"}};
}

Result<providers::AccountLimits> FakeCloudProvider::limits(const base::Call& call) {
    if (auto entered = enter(Method::limits, {}, call); !entered) {
        return base::fail(entered.error());
    }
    const std::scoped_lock lock(mutex_);
    return providers::AccountLimits{.max_servers = static_cast<long>(options_.max_servers),
                                    .locked_because = {}};
}

std::optional<providers::RequestBudget> FakeCloudProvider::budget() const {
    const std::scoped_lock lock(mutex_);
    return budget_;
}

Result<CloudResource> FakeCloudProvider::keep_resource(CloudResource resource,
                                                       const base::Call& call) {
    if (auto entered = enter(Method::create_resource, resource.name, call); !entered) {
        return base::fail(entered.error());
    }
    const std::scoped_lock lock(mutex_);
    const bool taken = std::ranges::any_of(resources_, [&](const CloudResource& other) {
        return other.kind == resource.kind && other.name == resource.name;
    });
    if (taken && resource.kind != ResourceKind::snapshot) {
        return base::fail({.kind = ErrorKind::conflict,
                           .message = "the name is taken",
                           .code = "uniqueness_error"});
    }
    resource.id = std::to_string(next_id_++);
    resource.created_at = clock_.now();
    resources_.push_back(resource);
    return resource;
}

Result<CloudResource> FakeCloudProvider::create_snapshot(const providers::CreateSnapshot& request,
                                                         const base::Call& call) {
    return keep_resource({.kind = ResourceKind::snapshot,
                          .name = request.name,
                          .labels = request.labels,
                          .size_gb = 2},
                         call);
}

Result<CloudResource> FakeCloudProvider::create_firewall(const providers::CreateFirewall& request,
                                                         const base::Call& call) {
    CloudResource firewall{.kind = ResourceKind::firewall,
                           .name = request.name,
                           .labels = {request.applies_to},
                           .ssh_sources = request.ssh_sources,
                           .applies_to = {request.applies_to}};
    std::ranges::sort(firewall.ssh_sources);
    return keep_resource(std::move(firewall), call);
}

Result<void> FakeCloudProvider::update_firewall(const std::string& id,
                                                const providers::CreateFirewall& request,
                                                const base::Call& call) {
    if (auto entered = enter(Method::change_resource, id, call); !entered) return entered;
    const std::scoped_lock lock(mutex_);
    for (CloudResource& resource : resources_) {
        if (resource.kind != ResourceKind::firewall || resource.id != id) continue;
        resource.ssh_sources = request.ssh_sources;
        std::ranges::sort(resource.ssh_sources);
        resource.applies_to = {request.applies_to};
        return {};
    }
    return base::fail({.kind = ErrorKind::not_found,
                       .message = "there is no firewall " + id,
                       .code = "not_found"});
}

Result<CloudResource> FakeCloudProvider::create_ssh_key(const providers::CreateSshKey& request,
                                                        const base::Call& call) {
    return keep_resource(
        {.kind = ResourceKind::ssh_key, .name = request.name, .labels = {request.label}}, call);
}

Result<std::vector<CloudResource>> FakeCloudProvider::list_resources(ResourceKind kind,
                                                                     const std::string& label,
                                                                     const std::string& value,
                                                                     const base::Call& call) {
    if (auto entered = enter(Method::list_resources, label + '=' + value, call); !entered) {
        return base::fail(entered.error());
    }
    const std::scoped_lock lock(mutex_);
    std::vector<CloudResource> found;
    for (const CloudResource& resource : resources_) {
        const auto at = resource.labels.find(label);
        const bool bears = at != resource.labels.end() && at->second == value;
        if (resource.kind == kind && bears) found.push_back(resource);
    }
    return found;
}

Result<void> FakeCloudProvider::delete_resource(ResourceKind kind, const std::string& id,
                                                const base::Call& call) {
    if (auto entered = enter(Method::remove_resource, id, call); !entered) return entered;
    const std::scoped_lock lock(mutex_);
    std::erase_if(resources_, [&](const CloudResource& resource) {
        return resource.kind == kind && resource.id == id;
    });
    return {};
}

}  // namespace hatchery::support
