#include "support/fake_fleet_store.hpp"

#include <utility>

#include "core/ownership.hpp"
#include "support/fake_fault.hpp"

namespace hatchery::support {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

tl::unexpected<base::Error> lease_lost() {
    return fail(ErrorKind::conflict, "The lease on the job was lost.");
}

tl::unexpected<base::Error> no_such_server() {
    return fail(ErrorKind::not_found, "There is no such server.");
}

template <typename T>
void assign(T& member, const std::optional<T>& value) {
    if (value) member = *value;
}

void end_server(FakeDatabase& db, core::Server& server, base::TimePoint now) {
    server.state = core::ServerState::deleted;
    if (!server.deleted_at) server.deleted_at = now;
    db.keep_costs(server);
    auto& deployment = db.deployments.at(server.deployment_id);
    if (!deployment.ended_at) deployment.ended_at = now;
    std::erase_if(db.secrets,
                  [&](const auto& entry) { return entry.first.first == server.id.text(); });
}

bool left_behind(FakeDatabase& db, const core::Server& server) {
    if (server.state == core::ServerState::deleted) return false;
    if (db.deployments.at(server.deployment_id).ended_at) return true;
    if (db.live_operation(server.bot_id) != nullptr) return false;
    return server.state != core::ServerState::ready || db.bots.at(server.bot_id).deleted;
}

}  // namespace

Result<base::InstallationId> FakeFleetStore::installation() {
    return with_faults(db_, [&]() -> Result<base::InstallationId> { return db_.installation(); });
}

Result<core::Bot> FakeFleetStore::bot(const base::BotId& id) {
    return with_faults(db_, [&]() -> Result<core::Bot> {
        const auto found = db_.bots.find(id);
        if (found == db_.bots.end() || found->second.deleted) {
            return fail(ErrorKind::not_found, "There is no such bot.");
        }
        return found->second.bot;
    });
}

Result<std::optional<core::Server>> FakeFleetStore::server_of(const base::BotId& bot) {
    return with_faults(db_, [&]() -> Result<std::optional<core::Server>> {
        const auto* deployment = db_.current_deployment(bot);
        if (deployment == nullptr) return std::nullopt;
        for (const auto& [id, server] : db_.server_rows) {
            if (server.deployment_id == deployment->id) return server;
        }
        return std::nullopt;
    });
}

Result<core::Server> FakeFleetStore::plan_server(const ports::Lease& lease, const base::BotId& bot,
                                                 const ports::ServerPlan& plan,
                                                 base::TimePoint now) {
    return with_faults(db_, [&]() -> Result<core::Server> {
        if (db_.held(lease) == nullptr) return lease_lost();
        if (const auto* current = db_.current_deployment(bot)) {
            for (const auto& [id, server] : db_.server_rows) {
                if (server.deployment_id == current->id) return server;
            }
        }
        const auto deployment = db_.new_id<base::DeploymentId>();
        db_.deployments[deployment] = {.id = deployment, .bot_id = bot, .ended_at = std::nullopt};
        core::Server server;
        server.id = plan.id;
        server.bot_id = bot;
        server.deployment_id = deployment;
        server.provider = plan.provider;
        server.region = plan.region;
        server.type = plan.type;
        server.image = plan.image;
        server.name = core::server_name(plan.id);
        server.host_key = plan.host_key;
        server.client_public_key = plan.client_public_key;
        server.created_at = now;
        db_.server_rows[server.id] = server;
        db_.secrets[{plan.id.text(), ports::secret_name::planted_host_key}] =
            plan.planted_host_key.reveal();
        db_.secrets[{plan.id.text(), ports::secret_name::client_key}] = plan.client_key.reveal();
        return server;
    });
}

Result<void> FakeFleetStore::change_server(const ports::Lease& lease, const base::ServerId& id,
                                           const ports::ServerChange& change) {
    return with_faults(db_, [&]() -> Result<void> {
        if (db_.held(lease) == nullptr) return lease_lost();
        const auto found = db_.server_rows.find(id);
        if (found == db_.server_rows.end()) return no_such_server();
        core::Server& server = found->second;
        if (server.state == core::ServerState::deleted) return no_such_server();
        if (change.state == core::ServerState::planned) db_.create_begun.erase(id);
        if (change.state == core::ServerState::creating) {
            db_.create_begun.emplace(id, db_.now());
        }
        assign(server.state, change.state);
        assign(server.provider_server_id, change.provider_server_id);
        assign(server.create_actions, change.create_actions);
        assign(server.public_ip, change.public_ip);
        if (change.ssh_port) server.ssh_port = static_cast<std::uint16_t>(*change.ssh_port);
        assign(server.provider, change.provider);
        assign(server.image, change.image);
        assign(server.region, change.region);
        assign(server.type, change.type);
        assign(server.host_key, change.host_key);
        assign(server.next_host_key, change.next_host_key);
        assign(server.host_key_rotated, change.host_key_rotated);
        assign(server.price_monthly, change.price_monthly);
        assign(server.price_hourly, change.price_hourly);
        assign(server.price_currency, change.price_currency);
        if (change.deleted_at) server.deleted_at = change.deleted_at;
        db_.keep_costs(server);
        return {};
    });
}

Result<void> FakeFleetStore::server_gone(const ports::Lease& lease, const base::ServerId& id,
                                         base::TimePoint now) {
    return with_faults(db_, [&]() -> Result<void> {
        if (db_.held(lease) == nullptr) return lease_lost();
        const auto found = db_.server_rows.find(id);
        if (found == db_.server_rows.end()) return no_such_server();
        end_server(db_, found->second, now);
        return {};
    });
}

Result<base::Secret> FakeFleetStore::secret(const ports::SecretRef& ref) {
    return with_faults(db_, [&]() -> Result<base::Secret> {
        const auto found = db_.secrets.find({ref.owner_id, ref.name});
        if (found == db_.secrets.end()) {
            return fail(ErrorKind::not_found, "There is no secret " + ref.name + ".");
        }
        return base::Secret(found->second);
    });
}

Result<void> FakeFleetStore::put_secret(const ports::Lease& lease, const ports::SecretRef& ref,
                                        const base::Secret& value) {
    return with_faults(db_, [&]() -> Result<void> {
        if (db_.held(lease) == nullptr) return lease_lost();
        db_.secrets[{ref.owner_id, ref.name}] = value.reveal();
        return {};
    });
}

Result<void> FakeFleetStore::remove_secret(const ports::Lease& lease, const ports::SecretRef& ref) {
    return with_faults(db_, [&]() -> Result<void> {
        if (db_.held(lease) == nullptr) return lease_lost();
        db_.secrets.erase({ref.owner_id, ref.name});
        return {};
    });
}

Result<void> FakeFleetStore::learn_addresses(std::span<const ports::FoundAddress> found) {
    return with_faults(db_, [&]() -> Result<void> {
        for (const auto& address : found) {
            const auto row = db_.server_rows.find(address.server);
            if (row == db_.server_rows.end()) continue;
            core::Server& server = row->second;
            const bool lacks_it = server.state == core::ServerState::booting &&
                                  server.provider_server_id == address.provider_server_id &&
                                  server.public_ip.empty();
            if (lacks_it) server.public_ip = address.public_ip;
        }
        return {};
    });
}

Result<void> FakeFleetStore::note_creates(std::span<const ports::CreateNews> news) {
    return with_faults(db_, [&]() -> Result<void> {
        for (const auto& one : news) {
            const auto row = db_.server_rows.find(one.server);
            if (row == db_.server_rows.end()) continue;
            core::Server& server = row->second;
            const bool is_it = server.state == core::ServerState::booting &&
                               server.provider_server_id == one.provider_server_id;
            // As the text keeps it.
            if (is_it) server.create_word = core::parse_create_word(core::to_text(one.word));
        }
        return {};
    });
}

Result<std::vector<core::Server>> FakeFleetStore::servers_being_created(
    const std::string& provider) {
    return with_faults(db_, [&]() -> Result<std::vector<core::Server>> {
        std::vector<core::Server> servers;
        for (const auto& [id, server] : db_.server_rows) {
            const bool being_created = server.state == core::ServerState::creating ||
                                       server.state == core::ServerState::booting;
            if (server.provider == provider && being_created) servers.push_back(server);
        }
        return servers;
    });
}

Result<std::vector<core::Server>> FakeFleetStore::servers_alive(const std::string& provider) {
    return with_faults(db_, [&]() -> Result<std::vector<core::Server>> {
        std::vector<core::Server> servers;
        for (const auto& [id, server] : db_.server_rows) {
            const bool alive = server.state != core::ServerState::deleted;
            if (server.provider == provider && alive) servers.push_back(server);
        }
        return servers;
    });
}

Result<std::vector<core::Server>> FakeFleetStore::servers_left_behind(base::TimePoint) {
    return with_faults(db_, [&]() -> Result<std::vector<core::Server>> {
        std::vector<core::Server> servers;
        for (const auto& [id, server] : db_.server_rows) {
            if (left_behind(db_, server)) servers.push_back(server);
        }
        return servers;
    });
}

Result<void> FakeFleetStore::condemn_left_behind(const base::ServerId& id,
                                                 const std::string& provider_server_id,
                                                 base::TimePoint now) {
    return with_faults(db_, [&]() -> Result<void> {
        const auto found = db_.server_rows.find(id);
        if (found == db_.server_rows.end()) return no_such_server();
        if (!left_behind(db_, found->second)) {
            return fail(ErrorKind::conflict, "The server is not left behind.");
        }
        found->second.state = core::ServerState::deleting;
        found->second.provider_server_id = provider_server_id;
        db_.keep_costs(found->second);
        auto& deployment = db_.deployments.at(found->second.deployment_id);
        if (!deployment.ended_at) deployment.ended_at = now;
        return {};
    });
}

Result<void> FakeFleetStore::left_behind_gone(const base::ServerId& id, base::TimePoint now) {
    return with_faults(db_, [&]() -> Result<void> {
        const auto found = db_.server_rows.find(id);
        if (found == db_.server_rows.end()) return no_such_server();
        if (found->second.state == core::ServerState::deleted) return {};
        const bool ended = db_.deployments.at(found->second.deployment_id).ended_at.has_value();
        if (!ended && db_.live_operation(found->second.bot_id) != nullptr) {
            return fail(ErrorKind::conflict, "An operation works on the server.");
        }
        end_server(db_, found->second, now);
        return {};
    });
}

namespace {

class FakeLeadership final : public ports::FleetStore::Leadership {
public:
    FakeLeadership(FakeDatabase& db, std::string name) : db_(db), name_(std::move(name)) {}
    ~FakeLeadership() override {
        const std::lock_guard lock(db_.mutex);
        db_.leaders.erase(name_);
    }
    FakeLeadership(const FakeLeadership&) = delete;
    FakeLeadership& operator=(const FakeLeadership&) = delete;
    bool held() override { return true; }

private:
    FakeDatabase& db_;
    std::string name_;
};

}  // namespace

Result<std::unique_ptr<ports::FleetStore::Leadership>> FakeFleetStore::try_lead(
    const std::string& name) {
    return with_faults(db_, [&]() -> Result<std::unique_ptr<Leadership>> {
        if (!db_.leaders.emplace(name, 1).second) return nullptr;
        return std::make_unique<FakeLeadership>(db_, name);
    });
}

}  // namespace hatchery::support
