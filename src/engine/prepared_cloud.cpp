#include "engine/prepared_cloud.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "core/cloud_budget.hpp"
#include "core/ownership.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using providers::CloudResource;
using providers::ResourceKind;

constexpr auto good_for = 10min;
/// Of a look; what is made has all the time of its create.
constexpr auto look_limit = 30s;
/// So long a create waits for another one that makes ready; then its job waits without a thread.
constexpr auto queue_limit = 2s;

/// Names are unique in a project, which several installations may share.
std::string name_of(const char* what, const std::string& installation) {
    return std::string("hatchery-") + what + "-" + installation;
}

const CloudResource* named(const std::vector<CloudResource>& resources, const std::string& name) {
    const auto found = std::ranges::find(resources, name, &CloudResource::name);
    return found == resources.end() ? nullptr : &*found;
}

/// The name is taken, and by nothing that bears our label.
base::Error taken(const std::string& what, const std::string& name, const std::string& provider) {
    base::Error error{.kind = base::ErrorKind::invalid, .effect = base::Effect::none};
    error.code = "firewall_unavailable";
    error.message =
        fmt::format("{} has a {} {} without this installation's label.", provider, what, name);
    error.next_action =
        "Tell the operator: it must be deleted in the provider's console, or given its label back.";
    return error;
}

}  // namespace

PreparedCloud::PreparedCloud(providers::CloudProvider& inner, ports::KeyMaker& keys,
                             std::vector<std::string> ssh_sources)
    : PassingCloud(inner), keys_(keys), ssh_sources_(std::move(ssh_sources)) {
    std::ranges::sort(ssh_sources_);
    // What is read back is a set.
    const auto repeated = std::ranges::unique(ssh_sources_);
    ssh_sources_.erase(repeated.begin(), repeated.end());
}

base::Result<providers::CloudServer> PreparedCloud::create_server(
    const providers::CreateServer& request, const base::Call& call) {
    const auto installation = request.labels.find(core::label_installation);
    if (installation == request.labels.end()) return inner_.create_server(request, call);
    auto keys = prepare(installation->second, call);
    if (!keys) {
        // Whatever became of the firewall: no server was asked for.
        base::Error error = std::move(keys).error();
        error.effect = base::Effect::none;
        return base::fail(std::move(error));
    }
    auto created = create_with(*keys, request, call);
    if (created || created.error().kind != base::ErrorKind::invalid || keys->empty()) {
        return created;
    }
    // The provider may refuse a key that somebody has deleted; with a new one it takes the create.
    forget(installation->second);
    const auto renewed = prepare(installation->second, call);
    if (!renewed || *renewed == *keys) return created;
    return create_with(*renewed, request, call);
}

base::Result<providers::CloudServer> PreparedCloud::create_with(
    const std::vector<std::string>& keys, const providers::CreateServer& request,
    const base::Call& call) {
    if (keys.empty()) return inner_.create_server(request, call);
    providers::CreateServer with_keys = request;
    with_keys.ssh_keys.insert(with_keys.ssh_keys.end(), keys.begin(), keys.end());
    return inner_.create_server(with_keys, call);
}

base::Result<void> PreparedCloud::keep_guarded(const std::string& installation,
                                               const std::vector<CloudResource>& firewalls,
                                               const base::Call& call) {
    const auto request = firewall_of(installation);
    const CloudResource* firewall = named(firewalls, request.name);
    if (firewall != nullptr && is_right(*firewall, request)) return {};
    forget(installation);
    auto prepared = prepare(installation, call);
    if (!prepared) return base::fail(std::move(prepared).error());
    return {};
}

void PreparedCloud::forget(const std::string& installation) {
    const std::scoped_lock lock(mutex_);
    prepared_.erase(installation);
}

providers::CreateFirewall PreparedCloud::firewall_of(const std::string& installation) const {
    return {.name = name_of("ssh", installation),
            .applies_to = {core::label_installation, installation},
            .ssh_sources = ssh_sources_};
}

bool PreparedCloud::is_right(const CloudResource& firewall,
                             const providers::CreateFirewall& request) {
    return firewall.ssh_sources == request.ssh_sources &&
           std::ranges::find(firewall.applies_to, request.applies_to) != firewall.applies_to.end();
}

base::Result<std::vector<std::string>> PreparedCloud::prepare(const std::string& installation,
                                                              const base::Call& call) {
    if (auto keys = known(installation)) return *std::move(keys);
    const std::unique_lock one(making_, std::min<base::Milliseconds>(queue_limit, call.left()));
    if (!one) {
        base::Error error{.kind = base::ErrorKind::rate_limited, .effect = base::Effect::none};
        error.code = core::code_request_budget;
        error.message = "waiting for another create to make the project ready";
        error.retry_after = 1s;
        return base::fail(std::move(error));
    }
    if (auto keys = known(installation)) return *std::move(keys);
    if (auto ready = ensure_firewall(installation, call); !ready) {
        return base::fail(std::move(ready).error());
    }
    std::vector<std::string> ids;
    if (inner_.wants_ssh_key()) {
        auto key = ensure_key(installation, call);
        if (!key) return base::fail(std::move(key).error());
        ids = *std::move(key);
    }
    const std::scoped_lock lock(mutex_);
    prepared_[installation] = {.ssh_keys = ids, .until = base::steady_now() + good_for};
    return ids;
}

std::optional<std::vector<std::string>> PreparedCloud::known(const std::string& installation) {
    const std::scoped_lock lock(mutex_);
    const auto found = prepared_.find(installation);
    if (found == prepared_.end() || base::steady_now() >= found->second.until) return std::nullopt;
    return found->second.ssh_keys;
}

base::Result<void> PreparedCloud::ensure_firewall(const std::string& installation,
                                                  const base::Call& call) {
    if (!inner_.can(providers::Capability::firewalls)) return {};
    const auto request = firewall_of(installation);
    const auto list = [&] {
        return inner_.list_resources(ResourceKind::firewall, core::label_installation, installation,
                                     call.at_most(look_limit));
    };
    auto listed = list();
    if (!listed) return base::fail(std::move(listed).error());
    const CloudResource* firewall = named(*listed, request.name);
    if (firewall == nullptr) {
        auto made = inner_.create_firewall(request, call);
        if (made) {
            base::log_event(base::LogLevel::info, "firewall_created",
                            {{"provider", name()}, {"firewall", made->id}});
            return {};
        }
        if (made.error().kind != base::ErrorKind::conflict) return base::fail(made.error());
        // Another process was first.
        listed = list();
        if (!listed) return base::fail(std::move(listed).error());
        firewall = named(*listed, request.name);
        if (firewall == nullptr) return base::fail(taken("firewall", request.name, name()));
    }
    if (is_right(*firewall, request)) return {};
    base::log_event(base::LogLevel::warning, "firewall_put_right",
                    {{"provider", name()}, {"firewall", firewall->id}});
    return inner_.update_firewall(firewall->id, request, call);
}

base::Result<std::vector<std::string>> PreparedCloud::ensure_key(const std::string& installation,
                                                                 const base::Call& call) {
    const std::string key_name = name_of("key", installation);
    const auto list = [&] {
        return inner_.list_resources(ResourceKind::ssh_key, core::label_installation, installation,
                                     call.at_most(look_limit));
    };
    auto listed = list();
    if (!listed) return base::fail(std::move(listed).error());
    if (const auto* key = named(*listed, key_name)) return std::vector{key->id};
    // The private half goes with this scope: the key opens nothing.
    auto made = inner_.create_ssh_key({.name = key_name,
                                       .public_key = keys_.make_ssh_key().public_key,
                                       .label = {core::label_installation, installation}},
                                      call);
    if (made) return std::vector{made->id};
    if (made.error().kind != base::ErrorKind::conflict) return base::fail(std::move(made).error());
    listed = list();
    if (!listed) return base::fail(std::move(listed).error());
    if (const auto* key = named(*listed, key_name)) return std::vector{key->id};
    return base::fail(taken("SSH key", key_name, name()));
}

}  // namespace hatchery::engine
