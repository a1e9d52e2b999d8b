#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ports/fleet_store.hpp"
#include "support/fake_database.hpp"

namespace hatchery::support {

/// The fleet store in memory, on the same data as FakeJobStore. Thread-safe.
class FakeFleetStore final : public ports::FleetStore {
public:
    explicit FakeFleetStore(FakeDatabase& database) : db_(database) {}

    base::Result<base::InstallationId> installation() override;
    base::Result<core::Bot> bot(const base::BotId& id) override;
    base::Result<std::optional<core::Server>> server_of(const base::BotId& bot) override;
    base::Result<core::Server> plan_server(const ports::Lease& lease, const base::BotId& bot,
                                           const ports::ServerPlan& plan,
                                           base::TimePoint now) override;
    base::Result<void> change_server(const ports::Lease& lease, const base::ServerId& server,
                                     const ports::ServerChange& change) override;
    base::Result<void> server_gone(const ports::Lease& lease, const base::ServerId& server,
                                   base::TimePoint now) override;
    base::Result<base::Secret> secret(const ports::SecretRef& ref) override;
    base::Result<void> put_secret(const ports::Lease& lease, const ports::SecretRef& ref,
                                  const base::Secret& value) override;
    base::Result<void> remove_secret(const ports::Lease& lease,
                                     const ports::SecretRef& ref) override;
    base::Result<void> learn_addresses(std::span<const ports::FoundAddress> found) override;
    base::Result<void> note_creates(std::span<const ports::CreateNews> news) override;
    base::Result<std::vector<core::Server>> servers_being_created(
        const std::string& provider) override;
    base::Result<std::vector<core::Server>> servers_alive(const std::string& provider) override;
    base::Result<std::vector<core::Server>> servers_left_behind(base::TimePoint now) override;
    base::Result<void> condemn_left_behind(const base::ServerId& server,
                                           const std::string& provider_server_id,
                                           base::TimePoint now) override;
    base::Result<void> left_behind_gone(const base::ServerId& server, base::TimePoint now) override;
    base::Result<std::unique_ptr<Leadership>> try_lead(const std::string& name) override;

private:
    FakeDatabase& db_;
};

}  // namespace hatchery::support
