#include "fault_world.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "core/ownership.hpp"
#include "crypto/key_ring.hpp"
#include "engine/budgeted_transport.hpp"
#include "engine/prepared_cloud.hpp"
#include "engine/proven_cloud.hpp"
#include "net/curl_transport.hpp"
#include "providers/digitalocean/digitalocean_provider.hpp"
#include "providers/hetzner/hetzner_provider.hpp"
#include "store/bot_repository.hpp"
#include "store/pg_alarm_store.hpp"
#include "store/pg_cloud_ledger.hpp"
#include "store/pg_fleet_store.hpp"
#include "store/pg_job_store.hpp"
#include "store/token_repository.hpp"

namespace hatchery::cloud_faults {

namespace {

using namespace std::chrono_literals;
using support::FakeRemoteHost;

constexpr const char* token = "faults-project";

base::Call call() { return base::Call::within(30s); }

template <typename T>
T must(base::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

FakeRemoteHost::Plan script(base::Milliseconds duration) {
    FakeRemoteHost::Plan plan;
    plan.duration = duration;
    plan.lines = {{.after = 0ms, .text = "hatchery-fact config=changed"}};
    return plan;
}

}  // namespace

FaultWorld::FaultWorld()
    : hosts(clock, {.servers_appear = false, .check_uploads = false}),
      database_(support::PgCluster::shared().create_database()),
      notifications_(store::make_local_notifications()),
      jobs_(store::make_pg_job_store(database_->pool(), random, *notifications_)),
      fleet_(store::make_pg_fleet_store(database_->pool(), box_, clock, random)),
      ledger_(store::make_pg_cloud_ledger(database_->pool(), *notifications_)),
      alarms_(store::make_pg_alarm_store(database_->pool(), random)),
      keys_(crypto::make_key_maker()),
      curl_(net::make_curl_transport()),
      sandbox_({.command = {HATCHERY_SANDBOX_PROGRAM, "--hosts", "none", "--boot-delay-ms", "300",
                            "--die-with-parent"},
                .capture_output = true}) {
    const auto ready = sandbox_.read_line(20s);
    if (!ready) throw std::runtime_error("the sandbox does not start");
    const auto urls = must(base::parse_json(*ready));
    for (const auto* name : {"hetzner", "digitalocean"}) {
        add_cloud(name, base::json_string(urls, name));
    }
    const auto users = store::make_token_repository(database_->pool(), clock, random);
    user_ = must(users->get_or_create_user("faults@example.com", store::UserRole::user)).id;
    furnish_hosts();
    told_ = notifications_->subscribe(store::Channel::events,
                                      [this](const auto&) { news_.notify_all(); });
    start_engine();
}

FaultWorld::~FaultWorld() {
    hints_.reset();
    engine_->drain(base::Milliseconds{5'000});
    told_.reset();
}

void FaultWorld::add_cloud(const std::string& name, const std::string& url) {
    auto cloud = std::make_unique<Cloud>();
    cloud->name = name;
    cloud->url = url;
    cloud->wire = std::make_unique<WatchedWire>(*curl_, hosts);
    cloud->budgeted = engine::make_budgeted_transport(
        *cloud->wire, budgets_, {.project = name, .policy = core::usual_budget(name)});
    const auto make = [&](ports::HttpTransport& transport) {
        return name == "hetzner"
                   ? providers::make_hetzner_provider(
                         {.base_url = url, .token = base::Secret(token)}, transport, clock)
                   : providers::make_digitalocean_provider(
                         {.base_url = url, .token = base::Secret(token)}, transport, clock);
    };
    cloud->adapter = make(*cloud->budgeted);
    cloud->prepared = std::make_unique<engine::PreparedCloud>(
        *cloud->adapter, *keys_, std::vector<std::string>{"127.0.0.0/8"});
    cloud->proven = std::make_unique<engine::ProvenCloud>(
        *cloud->prepared,
        engine::ProvenCloud::Witnesses{
            .fleet = *fleet_, .ledger = *ledger_, .alarms = alarms_.get(), .clock = clock});
    cloud->direct = make(*curl_);
    const bool hetzner = name == "hetzner";
    for (const auto* owner : {"", "0197f0c2-0000-7000-8000-000000000099"}) {
        providers::CreateServer request{
            .name = std::string("somebody-elses-") + (*owner == '\0' ? "plain" : "labelled"),
            .region = hetzner ? "fsn1" : "fra1",
            .type = hetzner ? "cx23" : "s-1vcpu-1gb",
            .image = hetzner ? "debian-12" : "debian-12-x64",
            .labels = {},
            .user_data = base::Secret("#cloud-config\n")};
        if (*owner != '\0') request.labels[core::label_installation] = owner;
        cloud->foreign.push_back(
            must(cloud->direct->create_server(request, call())).provider_server_id);
    }
    clouds.push_back(std::move(cloud));
}

void FaultWorld::furnish_hosts() {
    hosts.on_exec([this](const ports::SshTarget& target, const ports::ExecRequest& request)
                      -> std::optional<base::Result<ports::ExecResult>> {
        const std::string key = "ssh-ed25519 ROTATED";
        ports::ExecResult result;
        if (request.command.find("prepare") != std::string::npos) {
            result.out = "hatchery-fact host_key=" + key + "\n";
        } else if (request.command.find("activate") != std::string::npos) {
            hosts.replace_host_key(target.host, key);
        }
        return result;
    });
    hosts.plan("install_dependencies.sh", script(4s));
    hosts.plan("deploy_openclaw.sh", script(4s));
    hosts.plan("configure_bot.sh", script(1s));
    hosts.plan("start_bot.sh", script(4s));
    http_.answer_otherwise([](const auto&) -> base::Result<ports::HttpResponse> {
        return ports::HttpResponse{.status = 200, .headers = {}, .body = {}};
    });
}

void FaultWorld::start_engine() {
    std::map<std::string, providers::CloudProvider*> pointers;
    for (const auto& cloud : clouds) pointers[cloud->name] = cloud->proven.get();
    engine::EngineSettings settings;
    settings.worker = base::make_id<base::WorkerId>(clock.now(), random);
    settings.threads = 8;
    settings.lease_for = 240s;
    settings.poll_every = 50ms;
    settings.teardown_limit = 20min;
    settings.stray_grace = 6s;
    settings.provider = "hetzner";
    settings.region = "fsn1";
    settings.server_type = "cx23";
    settings.image = "debian-12";
    settings.images["digitalocean"] = "debian-12-x64";
    settings.places = {{"hetzner", "fsn1", "cpx22"},
                       {"hetzner", "nbg1", "cx23"},
                       {"digitalocean", "fra1", "s-1vcpu-1gb"},
                       {"digitalocean", "ams3", "s-1vcpu-1gb"}};
    settings.public_url = "https://bots.example.com";
    engine_ = engine::make_engine({.jobs = *jobs_,
                                   .fleet = *fleet_,
                                   .clouds = std::move(pointers),
                                   .hosts = hosts,
                                   .telegram = telegram_,
                                   .http = http_,
                                   .bundles = bundles_,
                                   .keys = *keys_,
                                   .clock = clock,
                                   .random = random,
                                   .ledger = ledger_.get(),
                                   .offers = &offers_,
                                   .alarms = alarms_.get()},
                                  settings);
    hints_ =
        notifications_->subscribe(store::Channel::jobs, [this](const auto&) { engine_->hint(); });
    engine_->start();
}

core::Bot FaultWorld::add_bot(const std::string& provider) {
    const auto id = ++telegram_ids_;
    const auto number = std::to_string(id);
    const auto secret = number + ":abcdefghijklmnopqrstuvwxyzABCDEFGHI";
    telegram_.add_bot(secret, "fault" + number + "_bot", "Fault");
    core::Bot bot;
    bot.user_id = user_;
    bot.name = "Fault " + number;
    bot.telegram_bot_id = id;
    bot.telegram_username = "fault" + number + "_bot";
    bot.model = "sandbox/model";
    bot.model_base_url = "http://127.0.0.1:1/v1";
    bot.provider = provider;
    if (provider == "digitalocean") {
        bot.region = "fra1";
        bot.server_type = "s-1vcpu-1gb";
    }
    const auto bots = store::make_bot_repository(database_->pool(), box_, clock, random);
    return must(bots->create(bot, {{ports::secret_name::telegram_token, base::Secret(secret)},
                                   {ports::secret_name::webhook_secret, base::Secret("hook")},
                                   {ports::secret_name::gateway_token, base::Secret("gateway")},
                                   {ports::secret_name::model_api_key, base::Secret("model")}}));
}

void FaultWorld::ask(const core::Bot& bot, core::OperationKind kind, base::Milliseconds limit) {
    (void)must(jobs_->start_operation({.bot_id = bot.id,
                                       .user_id = bot.user_id,
                                       .kind = kind,
                                       .now = clock.now(),
                                       .deadline_at = clock.now() + limit}));
}

void FaultWorld::cancel(const core::Bot& bot) {
    const auto found =
        must(database_->pool().run([&](store::Sql& sql) -> base::Result<base::OperationId> {
            const auto rows = sql.query(
                "SELECT id FROM operations WHERE bot_id = $1 ORDER BY id DESC LIMIT 1", {bot.id});
            return rows[0].id<base::OperationId>(0);
        }));
    // One that has just ended cannot be cancelled, and need not be.
    (void)jobs_->request_cancel(found, clock.now());
}

void FaultWorld::misbehave(const std::string& provider, const std::string& faults) {
    const auto response = must(curl_->send(
        {.method = "PUT", .url = cloud(provider).url + "/sandbox/faults", .body = faults}, call()));
    if (response.status / 100 != 2) {
        throw std::runtime_error("the sandbox takes no faults: " + response.body);
    }
}

void FaultWorld::behave() {
    for (const auto& cloud : clouds) misbehave(cloud->name, "{}");
}

bool FaultWorld::comes_true(const std::function<bool()>& condition, std::chrono::seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::unique_lock lock(mutex_);
        // What happens at the providers is told by nobody.
        news_.wait_for(lock, 200ms);
    }
    return true;
}

bool FaultWorld::all_ended() {
    return count(
               "SELECT count(*) FROM operations WHERE state IN ('pending', 'running', "
               "'waiting')") == 0;
}

bool FaultWorld::all_accounted_for() {
    for (const auto& cloud : clouds) {
        std::multiset<std::string> machines;
        for (const auto& server : ours_at(cloud->name)) machines.insert(server.provider_server_id);
        std::multiset<std::string> rows;
        for (const auto& row : must(fleet_->servers_alive(cloud->name))) {
            rows.insert(row.provider_server_id);
        }
        if (machines != rows) return false;
    }
    return count(
               "SELECT count(*) FROM servers s FULL JOIN server_costs c ON c.server_id = s.id "
               "WHERE (s.state <> 'deleted') IS DISTINCT FROM (c.ended_at IS NULL) "
               "AND (s.state <> 'deleted' OR c.server_id IS NOT NULL)") == 0;
}

BotEnd FaultWorld::end_of(const core::Bot& bot) {
    return must(database_->pool().run([&](store::Sql& sql) -> base::Result<BotEnd> {
        const auto rows = sql.query(
            "SELECT b.status, b.status_reason, "
            "(SELECT CAST(o.error AS text) FROM operations o WHERE o.bot_id = b.id "
            "ORDER BY o.id DESC LIMIT 1), "
            "(SELECT count(*) FROM servers s WHERE s.bot_id = b.id AND s.state <> 'deleted'), "
            "(SELECT count(*) FROM servers s WHERE s.bot_id = b.id AND s.state = 'ready') "
            "FROM bots b WHERE b.id = $1",
            {bot.id});
        return BotEnd{.status = rows[0].text(0),
                      .reason = rows[0].text_or_empty(1),
                      .error = rows[0].text_or_empty(2),
                      .servers = static_cast<int>(rows[0].integer(3)),
                      .ready = static_cast<int>(rows[0].integer(4))};
    }));
}

bool FaultWorld::foreign_servers_stand() {
    return std::ranges::all_of(clouds, [](const auto& cloud) {
        return std::ranges::all_of(cloud->foreign, [&](const std::string& id) {
            return must(cloud->direct->get_server(id, call())).has_value();
        });
    });
}

std::vector<providers::CloudServer> FaultWorld::ours_at(const std::string& provider) {
    return must(cloud(provider).direct->list_servers(core::label_installation,
                                                     must(fleet_->installation()).text(), call()));
}

std::vector<std::string> FaultWorld::story_of(const core::Bot& bot) {
    return must(
        database_->pool().run([&](store::Sql& sql) -> base::Result<std::vector<std::string>> {
            const auto rows =
                sql.query("SELECT message FROM events WHERE bot_id = $1 ORDER BY seq", {bot.id});
            std::vector<std::string> lines;
            for (std::size_t i = 0; i < rows.size(); ++i) lines.push_back(rows[i].text(0));
            return lines;
        }));
}

long long FaultWorld::count(const std::string& statement) {
    return must(database_->pool().run([&](store::Sql& sql) -> base::Result<long long> {
        return sql.query(statement)[0].integer(0);
    }));
}

Cloud& FaultWorld::cloud(const std::string& provider) {
    return **std::ranges::find(clouds, provider, [](const auto& one) { return one->name; });
}

}  // namespace hatchery::cloud_faults
