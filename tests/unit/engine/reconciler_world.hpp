#pragma once

#include <algorithm>

#include "core/ownership.hpp"
#include "engine/reconciler.hpp"
#include "simulation/support/seeded_random.hpp"
#include "simulation/support/virtual_clock.hpp"
#include "support/fake_cloud_ledger.hpp"
#include "support/fake_cloud_provider.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_pool.hpp"
#include "unit/engine/unused_ports.hpp"

namespace hatchery::support {

/// A provider project, the rows about it and what sweeps it; its time passes on command.
struct ReconcilerWorld {
    base::SteadyTime steady{std::chrono::hours(1)};
    base::SteadyTimeScope scope{[this] { return steady; }};
    simulation::VirtualClock clock;
    simulation::SeededRandom random{7};
    support::FakeDatabase database{clock, random};
    support::FakeFleetStore fleet{database};
    FakeCloudProvider cloud{clock};
    support::FakeCloudLedger ledger{database};
    support::FakeAlarmStore alarms{random};
    support::UnusedPorts unused;
    engine::EnginePorts ports = unused.ports(fleet, clock, random);
    engine::EngineSettings settings;
    std::stop_source stop;
    engine::Reconciler reconciler{ports, settings, "hetzner"};

    ReconcilerWorld() {
        ports.clouds["hetzner"] = &cloud;
        ports.ledger = &ledger;
        ports.alarms = &alarms;
    }
    /// Sweeps after as long as it takes for the next one to be due.
    void sweep() {
        steady += settings.stray_grace / 3;
        clock.advance(settings.stray_grace / 3);
        reconciler.tick(stop.get_token());
    }
    core::Server add_row(core::ServerState state = core::ServerState::ready) {
        core::Server server;
        server.id = database.new_id<base::ServerId>();
        server.bot_id = database.add_bot().id;
        server.deployment_id = database.new_id<base::DeploymentId>();
        database.deployments[server.deployment_id] = {
            .id = server.deployment_id, .bot_id = server.bot_id, .ended_at = std::nullopt};
        server.provider = "hetzner";
        server.name = core::server_name(server.id);
        server.state = state;
        server.provider_server_id = std::to_string(++number);
        database.server_rows[server.id] = server;
        return server;
    }
    void add_machine(const core::Server& row,
                     providers::CloudServerStatus status = providers::CloudServerStatus::running,
                     std::optional<base::InstallationId> owner = std::nullopt) {
        providers::CloudServer machine;
        machine.provider_server_id = row.provider_server_id;
        machine.name = row.name;
        machine.status = status;
        machine.labels =
            core::owner_labels(owner.value_or(database.installation()), row.id, row.bot_id);
        machine.price_monthly = "3.49";
        machine.price_currency = "EUR";
        cloud.add_server(machine);
    }
    core::Server add_server(core::ServerState state = core::ServerState::ready) {
        auto row = add_row(state);
        add_machine(row);
        return row;
    }
    core::Server add_stray() {
        auto row = add_server();
        database.server_rows.erase(row.id);
        return row;
    }
    std::string add_firewall(const std::string& id = {}) {
        providers::CloudResource firewall{.kind = providers::ResourceKind::firewall, .id = id};
        firewall.name = "hatchery-ssh";
        firewall.labels[core::label_installation] = database.installation().text();
        return cloud.add_resource(firewall);
    }
    [[nodiscard]] bool is_raised(core::AlarmKind kind) {
        const auto raised = alarms.raised().value();
        return std::ranges::find(raised, kind) != raised.end();
    }
    int number = 100;
};

}  // namespace hatchery::support
