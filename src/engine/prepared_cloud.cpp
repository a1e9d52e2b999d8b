#include "engine/prepared_cloud.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "core/ownership.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using providers::CloudResource;
using providers::ResourceKind;

constexpr auto good_for = 10min;
constexpr auto ask_limit = 30s;

/// Names are unique in a project, which several installations may share.
std::string name_of(const char* what, const std::string& installation) {
    return std::string("hatchery-") + what + "-" + installation;
}

const CloudResource* named(const std::vector<CloudResource>& resources, const std::string& name) {
    const auto found = std::ranges::find(resources, name, &CloudResource::name);
    return found == resources.end() ? nullptr : &*found;
}

}  // namespace

PreparedCloud::PreparedCloud(providers::CloudProvider& inner, ports::KeyMaker& keys,
                             std::vector<std::string> ssh_sources)
    : PassingCloud(inner), keys_(keys), ssh_sources_(std::move(ssh_sources)) {
    std::ranges::sort(ssh_sources_);
}

base::Result<providers::CloudServer> PreparedCloud::create_server(
    const providers::CreateServer& request, const base::Call& call) {
    const auto installation = request.labels.find(core::label_installation);
    if (installation == request.labels.end()) return inner_.create_server(request, call);
    auto keys = prepare(installation->second, call.at_most(ask_limit));
    if (!keys) {
        // Whatever became of the firewall: no server was asked for.
        base::Error error = std::move(keys).error();
        error.effect = base::Effect::none;
        return base::fail(std::move(error));
    }
    if (keys->empty()) return inner_.create_server(request, call);
    providers::CreateServer with_keys = request;
    with_keys.ssh_keys.insert(with_keys.ssh_keys.end(), keys->begin(), keys->end());
    return inner_.create_server(with_keys, call);
}

base::Result<std::vector<std::string>> PreparedCloud::prepare(const std::string& installation,
                                                              const base::Call& call) {
    const std::scoped_lock lock(mutex_);
    const auto found = prepared_.find(installation);
    if (found != prepared_.end() && base::steady_now() < found->second.until) {
        return found->second.ssh_keys;
    }
    if (auto ready = ensure_firewall(installation, call); !ready) {
        return base::fail(std::move(ready).error());
    }
    std::vector<std::string> ids;
    if (inner_.wants_ssh_key()) {
        auto key = ensure_key(installation, call);
        if (!key) return base::fail(std::move(key).error());
        ids = *std::move(key);
    }
    prepared_[installation] = {.ssh_keys = ids, .until = base::steady_now() + good_for};
    return ids;
}

base::Result<void> PreparedCloud::ensure_firewall(const std::string& installation,
                                                  const base::Call& call) {
    if (!inner_.can(providers::Capability::firewalls)) return {};
    const providers::CreateFirewall request{.name = name_of("ssh", installation),
                                            .applies_to = {core::label_installation, installation},
                                            .ssh_sources = ssh_sources_};
    const auto list = [&] {
        return inner_.list_resources(ResourceKind::firewall, core::label_installation, installation,
                                     call);
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
        if (firewall == nullptr) return base::fail(std::move(made).error());
    }
    if (firewall->ssh_sources == ssh_sources_) return {};
    base::log_event(base::LogLevel::warning, "firewall_put_right",
                    {{"provider", name()}, {"firewall", firewall->id}});
    return inner_.update_firewall(firewall->id, request, call);
}

base::Result<std::vector<std::string>> PreparedCloud::ensure_key(const std::string& installation,
                                                                 const base::Call& call) {
    const std::string key_name = name_of("key", installation);
    const auto list = [&] {
        return inner_.list_resources(ResourceKind::ssh_key, core::label_installation, installation,
                                     call);
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
    return base::fail(std::move(made).error());
}

}  // namespace hatchery::engine
