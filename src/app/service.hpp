#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/sign_in/open_id_client.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "config/config.hpp"
#include "core/worker.hpp"
#include "engine/engine.hpp"
#include "engine/pool_watch.hpp"
#include "engine/upkeep.hpp"
#include "ports/alarm_store.hpp"
#include "ports/cloud_budgets.hpp"
#include "ports/cloud_ledger.hpp"
#include "ports/hand_servers.hpp"
#include "ports/http_transport.hpp"
#include "ports/machine_allocations.hpp"
#include "ports/queue_monitor.hpp"
#include "ports/subscription_store.hpp"
#include "ports/worker_registry.hpp"
#include "providers/static/machine_caretaker.hpp"
#include "reporting/sentry.hpp"
#include "store/account_repository.hpp"
#include "store/audit_log.hpp"
#include "store/bot_repository.hpp"
#include "store/cost_overview.hpp"
#include "store/database.hpp"
#include "store/event_repository.hpp"
#include "store/fleet_overview.hpp"
#include "store/idempotent_requests.hpp"
#include "store/inbox_repository.hpp"
#include "store/notifications.hpp"
#include "store/operation_overview.hpp"
#include "store/operation_repository.hpp"
#include "store/rate_budgets.hpp"
#include "store/subscription_repository.hpp"
#include "store/token_repository.hpp"

#ifdef HATCHERY_CRASH_POINTS
#include "crash_points/crash_ports.hpp"
#include "crash_points/crashing_adapters.hpp"
#endif

namespace hatchery::app {

/// The adapters behind the ports, made from the configuration, in the order in which they depend
/// on one another; they go in the opposite order.
struct Adapters {
    base::SystemClock clock;
    base::SystemRandom random;
    base::MetricRegistry metrics;
    /// Who this process is, for leases and for the registry of workers.
    base::WorkerId worker = base::make_id<base::WorkerId>(clock.now(), random);
    std::unique_ptr<ports::HttpTransport> http;
    std::unique_ptr<ports::SecretBox> box;
    std::unique_ptr<ports::KeyMaker> keys;
    std::unique_ptr<store::Database> database;
    std::unique_ptr<store::Notifications> notifications;
    std::unique_ptr<ports::JobStore> jobs;
    std::unique_ptr<ports::FleetStore> fleet;
    std::unique_ptr<store::BotRepository> bots;
    std::unique_ptr<store::OperationRepository> operations;
    std::unique_ptr<store::EventRepository> events;
    std::unique_ptr<store::TokenRepository> tokens;
    std::unique_ptr<store::AccountRepository> accounts;
    std::unique_ptr<store::AuditLog> audit;
    std::unique_ptr<store::RateBudgets> rate_budgets;
    std::unique_ptr<store::IdempotentRequests> idempotent_requests;
    std::unique_ptr<store::SubscriptionRepository> subscription_rows;
    std::unique_ptr<ports::SubscriptionStore> subscriptions;
    /// Null without a Google client in the configuration.
    std::unique_ptr<api::sign_in::OpenIdClient> open_id;
    std::unique_ptr<store::InboxRepository> inbox;
    std::unique_ptr<store::OperationOverview> overview;
    std::unique_ptr<store::FleetOverview> fleet_overview;
    std::unique_ptr<store::CostOverview> cost_overview;
    std::unique_ptr<ports::WorkerRegistry> workers;
    std::unique_ptr<ports::QueueMonitor> queue;
    std::unique_ptr<ports::AlarmStore> alarms;
    std::unique_ptr<ports::CloudBudgets> cloud_budgets;
    std::unique_ptr<ports::CloudLedger> ledger;
    std::unique_ptr<ports::HandServers> hand_servers;
    /// Which of the operator's own machines are lent out.
    std::unique_ptr<ports::MachineAllocations> allocations;
    engine::OfferBoard offers;
    std::unique_ptr<ports::RemoteHost> hosts;
    /// The way to each provider, within its request budget.
    std::map<std::string, std::unique_ptr<ports::HttpTransport>> cloud_transports;
    /// The adapters, and before each what makes its project ready.
    std::map<std::string, std::unique_ptr<providers::CloudProvider>> bare_clouds;
    std::map<std::string, std::unique_ptr<providers::CloudProvider>> prepared_clouds;
    std::map<std::string, std::unique_ptr<providers::CloudProvider>> clouds;
    /// Null without machines of the operator's own.
    std::unique_ptr<providers::MachineCaretaker> caretaker;
    std::unique_ptr<ports::BotApi> telegram;
    std::unique_ptr<ports::ReleaseBundles> bundles;
    /// Null without SENTRY_DSN.
    std::unique_ptr<reporting::Sentry> sentry;
#ifdef HATCHERY_CRASH_POINTS
    /// What stands between the engine, the API and their ports in test builds.
    crash_points::CrashPoints crash_points{crash_points::CrashSettings::from_environment()};
    std::unique_ptr<ports::MachineAllocations> bare_allocations;
    std::unique_ptr<crash_points::CrashPorts> crash_ports;
#endif

    [[nodiscard]] std::map<std::string, providers::CloudProvider*> cloud_pointers() const;
    /// How the engine reaches the world, and the API the providers.
    [[nodiscard]] engine::EnginePorts engine_ports();
};

/// Makes all of them; connects to nothing yet, but starts the notifications' threads.
[[nodiscard]] base::Result<std::unique_ptr<Adapters>> make_adapters(const config::Config& config);

/// The engine on these adapters.
[[nodiscard]] std::unique_ptr<engine::Engine> make_engine_of(Adapters& adapters,
                                                             const config::Config& config);

/// What looks after the pool of workers, and after this engine's threads.
[[nodiscard]] std::unique_ptr<engine::PoolWatch> make_pool_watch_of(Adapters& adapters,
                                                                    const config::Config& config,
                                                                    core::WorkerRole role,
                                                                    engine::Engine& engine);

/// What goes on slowly: ends of subscriptions, and old history.
[[nodiscard]] std::unique_ptr<engine::Upkeep> make_upkeep_of(Adapters& adapters,
                                                             const config::Config& config);

/// The capability under which a process tells the names of its master keys.
inline constexpr std::string_view master_keys_capability = "masterKeys";

/// What the workers of this process offer: a JSON object as text.
[[nodiscard]] std::string capabilities_of(const Adapters& adapters, const config::Config& config);

}  // namespace hatchery::app
