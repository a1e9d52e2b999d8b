#include "app/service.hpp"

#include "base/embedded_file.hpp"
#include "bundles/local_bundles.hpp"
#include "crypto/key_ring.hpp"
#include "engine/budgeted_transport.hpp"
#include "engine/prepared_cloud.hpp"
#include "engine/proven_cloud.hpp"
#include "net/curl_transport.hpp"
#include "providers/digitalocean/digitalocean_provider.hpp"
#include "providers/hetzner/hetzner_provider.hpp"
#include "remote/ssh_remote_host.hpp"
#include "store/pg_alarm_store.hpp"
#include "store/pg_cloud_budgets.hpp"
#include "store/pg_cloud_ledger.hpp"
#include "store/pg_fleet_store.hpp"
#include "store/pg_hand_servers.hpp"
#include "store/pg_job_store.hpp"
#include "store/pg_machine_allocations.hpp"
#include "store/pg_queue_monitor.hpp"
#include "store/pg_subscription_store.hpp"
#include "store/pg_worker_registry.hpp"
#include "store/recent_principals.hpp"
#include "telegram/telegram_api.hpp"

namespace hatchery::app {

namespace {

/// How long a revoked token could still read where the word of its revocation was lost.
constexpr base::Milliseconds principals_kept_for{1'000};
constexpr std::string_view real_telegram_url = "https://api.telegram.org";

/// The way to a provider's project that keeps within its request budget.
ports::HttpTransport& budgeted(Adapters& adapters, const std::string& provider) {
    auto& transport = adapters.cloud_transports[provider];
    transport = engine::make_budgeted_transport(*adapters.http, *adapters.cloud_budgets,
                                                {.project = provider,
                                                 .policy = core::usual_budget(provider),
                                                 .metrics = &adapters.metrics});
    return *transport;
}

/// Keeps a provider, behind what makes its project ready before the first server, and what believes
/// it that a server is gone only once the project has proven to be ours.
void add_cloud(Adapters& adapters, const config::Config& config,
               std::unique_ptr<providers::CloudProvider> cloud) {
    const std::string name = cloud->name();
    auto& bare = adapters.bare_clouds[name] = std::move(cloud);
    auto& prepared = adapters.prepared_clouds[name] =
        std::make_unique<engine::PreparedCloud>(*bare, *adapters.keys, config.ssh_sources);
    adapters.clouds[name] = std::make_unique<engine::ProvenCloud>(
        *prepared, engine::ProvenCloud::Witnesses{.fleet = *adapters.fleet,
                                                  .ledger = *adapters.ledger,
                                                  .alarms = adapters.alarms.get(),
                                                  .clock = adapters.clock});
}

base::Secret script_text(std::string_view name) {
    for (const auto& file : embedded::provisioning_scripts()) {
        if (file.name == name) return base::Secret(std::string(file.content));
    }
    return {};
}

/// The operator's own machines. There is no project to be made ready before the first.
void add_own_machines(Adapters& adapters, const config::Config& config) {
    if (config.own_machines.empty()) return;
    const providers::OwnMachines own{.machines = config.own_machines,
                                     .script = script_text("static_machine.sh"),
                                     .allocations = *adapters.allocations,
                                     .hosts = *adapters.hosts};
    auto cloud = providers::make_static_provider(own);
    adapters.clouds[cloud->name()] = std::move(cloud);
    adapters.caretaker = providers::make_machine_caretaker(own);
}

void add_clouds(Adapters& adapters, const config::Config& config) {
    add_own_machines(adapters, config);
    if (!config.hetzner_token.empty()) {
        add_cloud(adapters, config,
                  providers::make_hetzner_provider(
                      {.base_url = config.hetzner_url, .token = config.hetzner_token},
                      budgeted(adapters, "hetzner"), adapters.clock));
    }
    if (!config.digitalocean_token.empty()) {
        add_cloud(adapters, config,
                  providers::make_digitalocean_provider(
                      {.base_url = config.digitalocean_url, .token = config.digitalocean_token},
                      budgeted(adapters, "digitalocean"), adapters.clock));
    }
}

void add_stores(Adapters& adapters, const config::Config& config) {
    Adapters& a = adapters;
    a.notifications = store::make_notifications(config.database_url);
    a.jobs = store::make_pg_job_store(*a.database, a.random, *a.notifications);
    a.fleet = store::make_pg_fleet_store(*a.database, *a.box, a.clock, a.random);
    a.bots = store::make_bot_repository(*a.database, *a.box, a.clock, a.random);
    a.operations = store::make_operation_repository(*a.database);
    a.events = store::make_event_repository(*a.database);
    a.tokens =
        store::make_recent_principals(store::make_token_repository(*a.database, a.clock, a.random),
                                      *a.notifications, a.clock, principals_kept_for);
    a.accounts = store::make_account_repository(*a.database, a.clock, a.random, config.session);
    a.audit = store::make_audit_log(*a.database, a.clock);
    a.rate_budgets = store::make_rate_budgets(*a.database);
    a.idempotent_requests = store::make_idempotent_requests(*a.database, *a.box, a.clock, a.random);
    a.subscription_rows =
        store::make_subscription_repository(*a.database, *a.notifications, a.clock);
    a.subscriptions = store::make_pg_subscription_store(*a.database, *a.notifications);
    a.inbox = store::make_inbox_repository(*a.database, *a.notifications);
    a.overview = store::make_operation_overview(*a.database);
    a.fleet_overview = store::make_fleet_overview(*a.database);
    a.cost_overview = store::make_cost_overview(*a.database);
    a.workers = store::make_pg_worker_registry(*a.database);
    a.queue = store::make_pg_queue_monitor(*a.database, *a.notifications);
    a.alarms = store::make_pg_alarm_store(*a.database, a.random);
    a.cloud_budgets = store::make_pg_cloud_budgets(*a.database);
    a.ledger = store::make_pg_cloud_ledger(*a.database, *a.notifications);
    a.hand_servers = store::make_pg_hand_servers(*a.database);
    a.allocations = store::make_pg_machine_allocations(*a.database);
#ifdef HATCHERY_CRASH_POINTS
    a.bare_allocations = std::move(a.allocations);
    a.allocations =
        crash_points::make_crashing_machine_allocations(*a.bare_allocations, a.crash_points);
#endif
}

std::map<std::string, base::Secret> model_keys(const config::Config& config) {
    std::map<std::string, base::Secret> keys;
    if (!config.anthropic_key.empty()) keys["anthropic"] = config.anthropic_key;
    if (!config.openai_key.empty()) keys["openai"] = config.openai_key;
    if (!config.google_ai_key.empty()) keys["google"] = config.google_ai_key;
    return keys;
}

}  // namespace

std::map<std::string, providers::CloudProvider*> Adapters::cloud_pointers() const {
    std::map<std::string, providers::CloudProvider*> pointers;
    for (const auto& [name, cloud] : clouds) pointers[name] = cloud.get();
    return pointers;
}

base::Result<std::unique_ptr<Adapters>> make_adapters(const config::Config& config) {
    auto adapters = std::make_unique<Adapters>();
    adapters->http = net::make_curl_transport();
    auto box = crypto::make_secret_box(config.master_keys);
    if (!box) return base::fail(std::move(box).error());
    adapters->box = *std::move(box);
    adapters->keys = crypto::make_key_maker();
    auto database = store::make_database(config.database_url, config.database_connections);
    if (!database) return base::fail(std::move(database).error());
    adapters->database = *std::move(database);
    add_stores(*adapters, config);
    adapters->hosts = remote::make_ssh_remote_host();
    add_clouds(*adapters, config);
    if (!config.google_client_id.empty()) {
        adapters->open_id = api::sign_in::make_open_id_client(
            {.issuer_url = config.google_issuer_url,
             .client_id = config.google_client_id,
             .client_secret = config.google_client_secret,
             .redirect_url = config.public_url + "/api/auth/callback/google"},
            *adapters->http, adapters->clock);
    }
    if (!config.sentry_dsn.empty()) {
        auto dsn = core::parse_sentry_dsn(config.sentry_dsn.reveal());
        if (!dsn) return base::fail(std::move(dsn).error());
        adapters->sentry = reporting::make_sentry(*std::move(dsn), *adapters->http, adapters->clock,
                                                  adapters->random, adapters->metrics);
    }
    adapters->telegram = telegram::make_telegram_api(config.telegram_url, *adapters->http);
    adapters->bundles = bundles::make_local_bundles(config.bundle_dir, config.openclaw_version);
    return adapters;
}

engine::EnginePorts Adapters::engine_ports() {
    const engine::EnginePorts ports{.jobs = *jobs,
                                    .fleet = *fleet,
                                    .clouds = cloud_pointers(),
                                    .hosts = *hosts,
                                    .telegram = *telegram,
                                    .http = *http,
                                    .bundles = *bundles,
                                    .keys = *keys,
                                    .clock = clock,
                                    .random = random,
                                    .metrics = &metrics,
                                    .ledger = ledger.get(),
                                    .offers = &offers,
                                    .hand_servers = hand_servers.get(),
                                    .alarms = alarms.get()};
#ifdef HATCHERY_CRASH_POINTS
    if (!crash_ports) crash_ports = std::make_unique<crash_points::CrashPorts>(ports, crash_points);
    return crash_ports->ports();
#else
    return ports;
#endif
}

std::unique_ptr<engine::Engine> make_engine_of(Adapters& adapters, const config::Config& config) {
    engine::EngineSettings settings;
    settings.worker = adapters.worker;
    settings.capabilities = capabilities_of(adapters, config);
    settings.threads = config.workers;
    settings.lease_for = config.lease;
    settings.destroy_strays = config.destroy_strays;
    settings.stray_grace = config.stray_grace;
    settings.provider = config.provider;
    settings.region = config.region;
    settings.server_type = config.server_type;
    settings.image = config.image;
    settings.images["digitalocean"] = config.digitalocean_image;
    settings.images["static"] = "own";
    settings.places = config.places;
    settings.ceilings = config.cost_ceilings;
    settings.billing = config.billing;
    settings.ssh_port = config.ssh_port;
    settings.public_url = config.public_url;
    // OpenClaw knows the real one by itself.
    if (config.server_telegram_url != real_telegram_url) {
        settings.telegram_api_url = config.server_telegram_url;
    }
    settings.model_keys = model_keys(config);
    const auto ports = adapters.engine_ports();
#ifdef HATCHERY_CRASH_POINTS
    return engine::make_engine(ports, settings, adapters.crash_ports->run_step());
#else
    return engine::make_engine(ports, settings);
#endif
}

std::unique_ptr<engine::Upkeep> make_upkeep_of(Adapters& adapters, const config::Config& config) {
    engine::UpkeepSettings settings;
    settings.billing = config.billing;
    settings.stop_limit = config.deadlines.at(core::OperationKind::stop);
    settings.operations_kept = config.operations_kept;
    return engine::make_upkeep({.subscriptions = *adapters.subscriptions,
                                .jobs = *adapters.jobs,
                                .alarms = *adapters.alarms,
                                .fleet = *adapters.fleet,
                                .allocations = *adapters.allocations,
                                .metrics = adapters.metrics,
                                .clock = adapters.clock},
                               std::move(settings));
}

}  // namespace hatchery::app
