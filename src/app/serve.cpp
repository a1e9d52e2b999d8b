#include "app/serve.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <ostream>
#include <thread>

#include "api/server.hpp"
#include "app/note_command.hpp"
#include "app/process.hpp"
#include "app/service.hpp"
#include "base/fault_listener.hpp"
#include "base/log.hpp"
#include "config/settings.hpp"
#include "store/key_rotation.hpp"
#include "store/migrations.hpp"
#include "web-hooks/bot_lines.hpp"
#include "web-hooks/hook_directory.hpp"
#include "web-hooks/receiver.hpp"
#include "web-hooks/relay.hpp"

namespace hatchery::app {

namespace {

using namespace std::chrono_literals;
using base::log_event;
using base::LogLevel;

/// From the signal to the end of the process.
constexpr auto shutdown_limit = 10s;
constexpr base::Milliseconds drain_limit = 7s;

/// Ends the process when the orderly way takes too long. Nothing is lost by that: leases run out
/// and other processes, or the next start, go on.
class ShutdownLimit {
public:
    ShutdownLimit()
        : thread_([](const std::stop_token& stop) {
              std::mutex mutex;
              std::condition_variable_any changed;
              std::unique_lock lock(mutex);
              changed.wait_for(lock, stop, shutdown_limit, [] { return false; });
              if (stop.stop_requested()) return;
              log_event(LogLevel::warning, "shutdown_cut", {{"after_s", 10}});
              _exit(static_cast<int>(cli::ExitCode::failed));
          }) {}

private:
    std::jthread thread_;
};

/// Migrates, waiting for a database that does not answer yet. Nothing when a signal came first.
std::optional<base::Result<store::MigrationReport>> migrate_patiently(store::Database& database,
                                                                      StopSignals& signals) {
    for (bool said = false;; said = true) {
        auto report = store::migrate(database);
        if (report || report.error().kind != base::ErrorKind::unavailable) return report;
        if (!said) {
            log_event(LogLevel::warning, "waiting_for_database",
                      {{"message", report.error().message}});
        }
        if (signals.wait_for(1s)) return std::nullopt;
    }
}

api::ApiSettings api_settings(const config::Config& config) {
    return {.public_url = config.public_url,
            .admin_emails = config.admin_emails,
            .session = config.session,
            .default_provider = config.provider,
            .default_region = config.region,
            .default_server_type = config.server_type,
            .models = {.aliases = config.model_aliases,
                       .operator_keys = {{"anthropic", !config.anthropic_key.empty()},
                                         {"openai", !config.openai_key.empty()},
                                         {"google", !config.google_ai_key.empty()}}},
            .deadlines = config.deadlines,
            .stuck = {.not_claimed = config.alarms.oldest_job},
            .rates = config.rates,
            .billing = config.billing,
            .images = {{"hetzner", config.image},
                       {"digitalocean", config.digitalocean_image},
                       {"static", "own"}},
            .cost_ceilings = config.cost_ceilings,
            .billing_secrets = config.billing_secrets};
}

api::ApiDeps api_deps(Adapters& adapters, ports::UpdateReceiver& updates,
                      const config::Config& config) {
    const auto ports = adapters.engine_ports();
    return {.jobs = *adapters.jobs,
            .fleet = *adapters.fleet,
            .telegram = *adapters.telegram,
            .updates = updates,
            .clouds = ports.clouds,
            .database = *adapters.database,
            .bots = *adapters.bots,
            .operations = *adapters.operations,
            .events = *adapters.events,
            .tokens = *adapters.tokens,
            .accounts = *adapters.accounts,
            .audit = *adapters.audit,
            .rate_budgets = *adapters.rate_budgets,
            .idempotent_requests = *adapters.idempotent_requests,
            .subscriptions = *adapters.subscription_rows,
            .notifications = *adapters.notifications,
            .overview = *adapters.overview,
            .fleet_overview = *adapters.fleet_overview,
            .cost_overview = *adapters.cost_overview,
            .workers = *adapters.workers,
            .alarms = *adapters.alarms,
            .ledger = *adapters.ledger,
            .offers = adapters.offers,
            .hand_servers = *ports.hand_servers,
            .allocations = *adapters.allocations,
            .engine_metrics = adapters.metrics,
            .clock = adapters.clock,
            .random = adapters.random,
            .settings = api_settings(config),
            .open_id = adapters.open_id.get(),
            .cloud_budgets = adapters.cloud_budgets.get()};
}

/// While it lives, faults that are logged go to Sentry too. Its end sends what waits, for a moment.
class FaultReports {
public:
    FaultReports(reporting::Sentry* sentry, base::Clock& clock) : sentry_(sentry) {
        if (sentry_ == nullptr) return;
        base::set_fault_listener(std::make_shared<const base::FaultListener>(
            [sentry, &clock](std::string_view event, std::initializer_list<base::LogField> fields) {
                // Trouble of the fleet, for which the operator has a webhook.
                if (event == "alarm_raised") return;
                reporting::Fault fault{
                    .event = std::string(event), .fields = {}, .at = clock.now()};
                for (const auto& field : fields) fault.fields.emplace_back(field.key, field.value);
                sentry->report(std::move(fault));
            }));
    }
    ~FaultReports() {
        if (sentry_ == nullptr) return;
        base::set_fault_listener(nullptr);
        sentry_->flush(base::Milliseconds(1'000));
    }
    FaultReports(const FaultReports&) = delete;
    FaultReports& operator=(const FaultReports&) = delete;

private:
    reporting::Sentry* sentry_;
};

/// What `serve` has besides the engine.
class Front {
public:
    Front(Adapters& adapters, const config::Config& config)
        : directory_(
              web_hooks::make_hook_directory(*adapters.bots, *adapters.fleet, adapters.clock)),
          receiver_(*directory_, *adapters.inbox, adapters.clock),
          lines_(web_hooks::make_bot_lines(*adapters.fleet, *adapters.hosts, *adapters.http,
                                           adapters.clock, {.ssh_port = config.ssh_port})),
          relay_(web_hooks::make_relay({.inbox = *adapters.inbox,
                                        .fleet = *adapters.fleet,
                                        .lines = *lines_,
                                        .clock = adapters.clock,
                                        .random = adapters.random})),
          api_(api::make_api_server(api_options(config), api_deps(adapters, receiver_, config))) {}

    [[nodiscard]] base::Result<void> start(store::Notifications& notifications) {
        inbox_hints_ =
            notifications.subscribe(store::Channel::inbox, [this](const auto&) { relay_->hint(); });
        bot_hints_ = notifications.subscribe(store::Channel::events,
                                             [this](const std::vector<std::string>& bots) {
                                                 for (const auto& bot : bots)
                                                     relay_->bot_changed(base::BotId(bot));
                                             });
        relay_->start();
        return api_->start();
    }

    void stop() {
        api_->stop();
        inbox_hints_.reset();
        bot_hints_.reset();
        relay_->stop();
    }

    [[nodiscard]] std::uint16_t port() const { return api_->port(); }
    [[nodiscard]] std::uint16_t admin_port() const { return api_->admin_port(); }

private:
    static api::ApiOptions api_options(const config::Config& config) {
        api::ApiOptions options;
        options.listener = {.address = config.listen_host, .port = config.port};
        if (!config.admin_host.empty()) {
            options.admin_listener = {.address = config.admin_host, .port = config.admin_port};
        }
        // A public address means a proxy before us, whose callers all come from loopback.
        options.trusts_loopback = config::is_loopback_url(config.public_url);
        options.trusted_proxies = config.front.proxies;
        options.streams = {.all = config.front.streams, .per_user = config.front.streams_per_user};
        // Half of what streams leave: the rest is for whoever is answered at once.
        options.waits.all = std::clamp<std::size_t>(
            (config.front.connections - config.front.streams) / 2, 1, config.front.waits);
        options.waits.per_user = config.front.waits_per_user;
        auto& front = options.front;
        front.worker_threads = config.front.threads;
        front.max_connections = config.front.connections;
        front.max_connections_of_proxy = config.front.connections;
        front.max_connections_per_address = config.front.connections_per_address;
        front.body_bytes = config.front.body_bytes;
        front.held_bytes = config.front.held_bytes;
        front.head_timeout = config.front.head_limit;
        front.body_timeout = config.front.body_limit;
        front.write_timeout = config.front.write_limit;
        front.idle_timeout = config.front.idle_limit;
        return options;
    }

    std::unique_ptr<web_hooks::HookDirectory> directory_;
    web_hooks::Receiver receiver_;
    std::unique_ptr<web_hooks::BotLines> lines_;
    std::unique_ptr<web_hooks::Relay> relay_;
    std::unique_ptr<api::ApiServer> api_;
    std::unique_ptr<store::Notifications::Subscription> inbox_hints_;
    std::unique_ptr<store::Notifications::Subscription> bot_hints_;
};

std::string url_of(const std::string& host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string::npos;
    return v6 ? fmt::format("http://[{}]:{}", host, port) : fmt::format("http://{}:{}", host, port);
}

/// No update comes to a process that serves no hook.
class NoUpdates final : public ports::UpdateReceiver {
public:
    bool remembers(std::string_view) const override { return false; }
    ports::HookAnswer receive(std::string_view, std::string_view, std::string_view) override {
        return {.status = 404};
    }
};

/// What a worker tells of itself, where the operator gave it an address for that.
class HealthFront {
public:
    HealthFront(Adapters& adapters, const config::Config& config)
        : api_(api::make_api_server(
              {.listener = {.address = config.admin_host, .port = config.admin_port},
               .served = api::Served::health_only},
              api_deps(adapters, updates_, config))) {}

    /// A worker works without it too: beside a `serve` with the same configuration the address is
    /// taken.
    void start(const config::Config& config) {
        const auto started = api_->start();
        if (started) {
            log_event(LogLevel::info, "admin_ready",
                      {{"url", url_of(config.admin_host, api_->port())}});
        } else {
            log_event(LogLevel::warning, "admin_listener_failed",
                      {{"message", started.error().message}});
        }
    }
    void stop() { api_->stop(); }

private:
    NoUpdates updates_;
    std::unique_ptr<api::ApiServer> api_;
};

void warn_about_start(const config::Loaded& loaded, Adapters& adapters) {
    for (const auto& warning : loaded.warnings) {
        log_event(LogLevel::warning, "setting_warning",
                  {{"name", warning.where}, {"message", warning.message}});
    }
    if (const auto bundle = adapters.bundles->current(); !bundle) {
        log_event(LogLevel::warning, "no_release_bundle",
                  {{"message", bundle.error().message}, {"next", bundle.error().next_action}});
    }
}

enum class Role : std::uint8_t { serve, worker };

/// Everything between a good configuration and the signal. `signals` comes before every thread;
/// `limit` is set at the signal and outlives what is taken down.
cli::ExitCode run_service(Role role, const config::Loaded& loaded, StopSignals& signals,
                          std::optional<ShutdownLimit>& limit, cli::Context& context) {
    const config::Config& config = loaded.config;
    auto adapters = make_adapters(config);
    if (!adapters) {
        cli::report(context, adapters.error());
        return cli::ExitCode::config;
    }
    Adapters& a = **adapters;
    const FaultReports fault_reports(a.sentry.get(), a.clock);
    const auto migrated = migrate_patiently(*a.database, signals);
    if (!migrated) return cli::ExitCode::ok;
    if (!*migrated) return cli::report(context, migrated->error());
    if (!(*migrated)->applied.empty()) {
        note_command(context, *a.database,
                     {.action = "migrate", .target = (*migrated)->applied.back(), .user_id = {}},
                     cli::ExitCode::ok);
    }
    if (const auto opens = store::check_keys(*a.database, *a.box); !opens) {
        return cli::report(context, opens.error());
    }
    warn_about_start(loaded, a);
    // Of the start, not of the end: how it ends is in the log of a process that may be killed.
    note_command(context, *a.database,
                 {.action = role == Role::serve ? "serve" : "worker",
                  .target = a.worker.text(),
                  .user_id = {}},
                 cli::ExitCode::ok);

    const auto engine = make_engine_of(a, config);
    auto job_hints =
        a.notifications->subscribe(store::Channel::jobs, [&](const auto&) { engine->hint(); });
    std::unique_ptr<Front> front;
    if (role == Role::serve) {
        front = std::make_unique<Front>(a, config);
        if (const auto started = front->start(*a.notifications); !started) {
            front->stop();
            return cli::report(context, started.error());
        }
    }
    std::unique_ptr<HealthFront> health;
    if (role == Role::worker && !config.admin_host.empty()) {
        health = std::make_unique<HealthFront>(a, config);
        health->start(config);
    }
    engine->start();
    const auto pool = make_pool_watch_of(
        a, config, role == Role::serve ? core::WorkerRole::serve : core::WorkerRole::worker,
        *engine);
    pool->start();
    const auto upkeep = make_upkeep_of(a, config);
    upkeep->start();
    if (a.caretaker) a.caretaker->start();
    if (front) {
        const std::string url = url_of(config.listen_host, front->port());
        context.out << "hatchery is ready at " << url << std::endl;
        log_event(LogLevel::info, "ready", {{"url", url}, {"public_url", config.public_url}});
        if (!config.admin_host.empty()) {
            log_event(LogLevel::info, "admin_ready",
                      {{"url", url_of(config.admin_host, front->admin_port())}});
        }
    } else {
        context.out << "hatchery worker is ready" << std::endl;
        log_event(LogLevel::info, "ready", {{"role", "worker"}});
    }

    signals.wait();
    log_event(LogLevel::info, "draining");
    limit.emplace();
    // The engine first stops claiming; what it cuts needs the rest to be still there. Nobody waits
    // for the database before the front: without it each question takes some seconds.
    upkeep->request_stop();
    if (a.caretaker) a.caretaker->request_stop();
    std::jthread drain([&] { engine->drain(drain_limit); });
    std::jthread drain_pool([&] { pool->drain(); });
    if (front) front->stop();
    if (health) health->stop();
    drain.join();
    drain_pool.join();
    upkeep->stop();
    if (a.caretaker) a.caretaker->stop();
    pool->stop();
    job_hints.reset();
    log_event(LogLevel::info, "stopped");
    return cli::ExitCode::ok;
}

cli::ExitCode run_role(Role role, cli::Context& context) {
    StopSignals signals;
    const config::Loaded loaded = context.load_config(config::Need::service);
    if (!loaded.problems.empty()) return cli::report_problems(context, loaded);
    if (role == Role::worker && loaded.config.workers == 0) {
        context.err << "hatchery: HATCHERY_WORKERS must be 1 or more for `hatchery worker`\n";
        return cli::ExitCode::config;
    }
    base::set_log_level(loaded.config.log_level);
    std::optional<ShutdownLimit> limit;
    return run_service(role, loaded, signals, limit, context);
}

}  // namespace

cli::Command serve_command() {
    return {.name = "serve",
            .summary = "runs the API, the webhook receiver and the engine",
            .operands = {},
            .options = {},
            .details =
                "Migrates the database first. SIGTERM and SIGINT end it within ten seconds;\n"
                "work under way goes on at the next start, or on another machine at once.\n",
            .run = [](const cli::Options&,
                      cli::Context& context) { return run_role(Role::serve, context); },
            .audit = cli::AuditRule::start};
}

cli::Command worker_command() {
    return {.name = "worker",
            .summary = "runs an engine alone, for more capacity",
            .operands = {},
            .options = {},
            .details = "Needs the same configuration as `hatchery serve`.\n",
            .run = [](const cli::Options&,
                      cli::Context& context) { return run_role(Role::worker, context); },
            .audit = cli::AuditRule::start};
}

}  // namespace hatchery::app
