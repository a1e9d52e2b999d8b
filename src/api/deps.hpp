#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "api/sign_in/open_id_client.hpp"
#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "core/operation.hpp"
#include "core/rate_limits.hpp"
#include "core/stuck.hpp"
#include "core/subscription.hpp"
#include "core/validate.hpp"
#include "ports/alarm_store.hpp"
#include "ports/bot_api.hpp"
#include "ports/cloud_budgets.hpp"
#include "ports/cloud_ledger.hpp"
#include "ports/fleet_store.hpp"
#include "ports/hand_servers.hpp"
#include "ports/job_store.hpp"
#include "ports/machine_allocations.hpp"
#include "ports/update_receiver.hpp"
#include "ports/worker_registry.hpp"
#include "providers/cloud_provider.hpp"
#include "providers/offer_source.hpp"
#include "store/account_repository.hpp"
#include "store/audit_log.hpp"
#include "store/bot_repository.hpp"
#include "store/cost_overview.hpp"
#include "store/database.hpp"
#include "store/event_repository.hpp"
#include "store/fleet_overview.hpp"
#include "store/idempotent_requests.hpp"
#include "store/notifications.hpp"
#include "store/operation_overview.hpp"
#include "store/operation_repository.hpp"
#include "store/rate_budgets.hpp"
#include "store/subscription_repository.hpp"
#include "store/token_repository.hpp"

namespace hatchery::api {

/// What the operator chose, as far as the API needs it.
struct ApiSettings {
    /// Where Telegram posts to: `https://…` without a slash at the end.
    std::string public_url;
    /// Who becomes admin by signing in.
    std::vector<std::string> admin_emails;
    core::SessionLimits session;
    std::string default_provider = "hetzner";
    std::string default_region;
    std::string default_server_type;
    core::ModelCatalog models;
    /// Limits of the operations; one that is missing has half an hour.
    std::map<core::OperationKind, std::chrono::seconds> deadlines;
    /// From when on an operation counts as stuck.
    core::StuckLimits stuck;
    core::RateLimits rates;
    core::BillingRules billing;
    /// What a server by hand is made from when nothing is said, by provider.
    std::map<std::string, std::string> images;
    /// What a provider's servers may cost a month, in its currency; one that is missing has no
    /// bound.
    std::map<std::string, double> cost_ceilings;
    /// What the billing service signs with; any of them. None: there is no webhook.
    std::vector<base::Secret> billing_secrets;
};

/// Everything that the routes reach the world by. All outlive the server; all are thread-safe.
struct ApiDeps {
    ports::JobStore& jobs;
    ports::FleetStore& fleet;
    ports::BotApi& telegram;
    ports::UpdateReceiver& updates;
    std::map<std::string, providers::CloudProvider*> clouds;
    store::Database& database;
    store::BotRepository& bots;
    store::OperationRepository& operations;
    store::EventRepository& events;
    store::TokenRepository& tokens;
    store::AccountRepository& accounts;
    store::AuditLog& audit;
    store::RateBudgets& rate_budgets;
    store::IdempotentRequests& idempotent_requests;
    store::SubscriptionRepository& subscriptions;
    store::Notifications& notifications;
    store::OperationOverview& overview;
    store::FleetOverview& fleet_overview;
    store::CostOverview& cost_overview;
    ports::WorkerRegistry& workers;
    ports::AlarmStore& alarms;
    ports::CloudLedger& ledger;
    providers::OfferSource& offers;
    ports::HandServers& hand_servers;
    /// Which of the operator's own machines are lent out.
    ports::MachineAllocations& allocations;
    /// What the engine and the pool's care count, for /metrics.
    base::MetricRegistry& engine_metrics;
    base::Clock& clock;
    base::Random& random;
    ApiSettings settings;
    /// Sign-in with Google; null while the operator has not set it up.
    sign_in::OpenIdClient* open_id = nullptr;
    /// The request budgets of the providers, for /metrics; null: they are not shown.
    ports::CloudBudgets* cloud_budgets = nullptr;
};

}  // namespace hatchery::api
