#pragma once

#include <map>
#include <mutex>

#include "core/ownership.hpp"
#include "ports/hand_servers.hpp"

namespace hatchery::support {

/// Servers by hand in a map. Thread-safe.
class FakeHandServers final : public ports::HandServers {
public:
    /// It knows nothing of other servers, so a ceiling binds nothing.
    base::Result<ports::HandServerAllowance> plan(const ports::HandServerPlan& plan,
                                                  base::TimePoint now) override {
        const std::scoped_lock lock(mutex_);
        core::Server server;
        server.id = plan.id;
        server.provider = plan.provider;
        server.region = plan.region;
        server.type = plan.type;
        server.image = plan.image;
        server.name = core::server_name(plan.id);
        server.state = core::ServerState::creating;
        server.price_monthly = plan.price_monthly;
        server.price_currency = plan.price_currency;
        server.created_at = now;
        if (!servers_.emplace(plan.id, server).second) {
            return base::fail(base::ErrorKind::conflict, "There is a server of this id.");
        }
        return ports::HandServerAllowance{.server = server, .would_be = {}};
    }
    base::Result<std::optional<core::Server>> find(const base::ServerId& id) override {
        const std::scoped_lock lock(mutex_);
        const auto found = servers_.find(id);
        if (found == servers_.end()) return std::nullopt;
        return found->second;
    }
    base::Result<std::vector<core::Server>> alive() override {
        const std::scoped_lock lock(mutex_);
        std::vector<core::Server> all;
        for (const auto& [id, server] : servers_) {
            if (server.state != core::ServerState::deleted) all.push_back(server);
        }
        return all;
    }
    base::Result<bool> made(const core::Server& known) override {
        const std::scoped_lock lock(mutex_);
        core::Server* server = living(known.id);
        if (server == nullptr) return false;
        if (server->state == core::ServerState::creating) {
            server->state = core::ServerState::booting;
        }
        server->provider_server_id = known.provider_server_id;
        server->public_ip = known.public_ip;
        server->ssh_port = known.ssh_port;
        server->price_monthly = known.price_monthly;
        server->price_hourly = known.price_hourly;
        server->price_currency = known.price_currency;
        return true;
    }
    base::Result<void> ready(const base::ServerId& id, const std::string& public_ip) override {
        const std::scoped_lock lock(mutex_);
        core::Server* server = living(id);
        if (server == nullptr || server->state != core::ServerState::booting) return {};
        server->state = core::ServerState::ready;
        server->public_ip = public_ip;
        return {};
    }
    base::Result<bool> condemn(const base::ServerId& id) override {
        const std::scoped_lock lock(mutex_);
        core::Server* server = living(id);
        if (server == nullptr) return false;
        server->state = core::ServerState::deleting;
        return true;
    }
    base::Result<void> gone(const base::ServerId& id, base::TimePoint now) override {
        const std::scoped_lock lock(mutex_);
        core::Server* server = living(id);
        if (server == nullptr) return {};
        server->state = core::ServerState::deleted;
        server->deleted_at = now;
        return {};
    }

private:
    core::Server* living(const base::ServerId& id) {
        const auto found = servers_.find(id);
        if (found == servers_.end()) return nullptr;
        if (found->second.state == core::ServerState::deleted) return nullptr;
        return &found->second;
    }

    std::mutex mutex_;
    std::map<base::ServerId, core::Server> servers_;
};

}  // namespace hatchery::support
