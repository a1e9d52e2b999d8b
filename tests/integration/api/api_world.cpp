#include "api_world.hpp"

#include <httplib.h>

#include <stdexcept>

#include "api/cookies.hpp"
#include "base/encoding.hpp"
#include "crypto/digest.hpp"
#include "crypto/key_ring.hpp"
#include "store/pg_alarm_store.hpp"
#include "store/pg_fleet_store.hpp"
#include "store/pg_job_store.hpp"
#include "store/pg_worker_registry.hpp"

namespace hatchery::testing {

namespace {

template <typename T>
T need(base::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace

std::string ApiResponse::header(const std::string& name) const {
    for (const auto& [key, value] : headers) {
        if (api::front::same_token(key, name)) return value;
    }
    return {};
}

std::string ApiResponse::wrong_fields() const {
    std::string fields;
    const base::Json& errors = base::json_member(body, "errors");
    if (!errors.is_array()) return fields;
    for (const auto& error : errors) {
        if (base::json_string(error, "message").empty()) return "an error without a message";
        fields += (fields.empty() ? "" : " ") + base::json_string(error, "field");
    }
    return fields;
}

ApiWorld::ApiWorld(WorldSetup setup) : database(support::PgCluster::shared().create_database()) {
    const base::Secret key = crypto::make_master_key();
    box = need(crypto::make_secret_box(std::span(&key, 1)));
    auto& pool = database->pool();
    notifications = setup.listens ? store::make_notifications(database->url())
                                  : store::make_local_notifications();
    jobs = store::make_pg_job_store(pool, random, *notifications);
    fleet = store::make_pg_fleet_store(pool, *box, clock, random);
    bots = store::make_bot_repository(pool, *box, clock, random);
    operations = store::make_operation_repository(pool);
    events = store::make_event_repository(pool);
    overview = store::make_operation_overview(pool);
    fleet_overview = store::make_fleet_overview(pool);
    cost_overview = store::make_cost_overview(pool);
    ledger = store::make_pg_cloud_ledger(pool, *notifications);
    hand_servers = store::make_pg_hand_servers(pool);
    allocations = store::make_pg_machine_allocations(pool);
    workers = store::make_pg_worker_registry(pool);
    alarms = store::make_pg_alarm_store(pool, random);
    tokens = store::make_token_repository(pool, clock, random);
    accounts = store::make_account_repository(pool, clock, random, {});
    audit = store::make_audit_log(pool, clock);
    rate_budgets = store::make_rate_budgets(pool);
    idempotent_requests = store::make_idempotent_requests(pool, *box, clock, random);
    subscriptions = store::make_subscription_repository(pool, *notifications, clock);
    api::ApiSettings settings;
    settings.public_url = "https://hatchery.example";
    settings.admin_emails = {"first-admin@example.org"};
    settings.default_region = "fsn1";
    settings.default_server_type = "cx23";
    settings.models.aliases = {{"claude-opus", "anthropic/claude-opus-5"},
                               {"gpt-5", "openai/gpt-5.6"}};
    settings.models.operator_keys = {{"anthropic", true}};
    settings.rates = setup.rates;
    settings.cost_ceilings = setup.cost_ceilings;
    settings.billing = std::move(setup.billing);
    settings.images["hetzner"] = "debian-12";
    settings.billing_secrets = std::move(setup.billing_secrets);
    server = api::make_api_server(setup.options, {.jobs = *jobs,
                                                  .fleet = *fleet,
                                                  .telegram = slow_telegram,
                                                  .updates = receiver,
                                                  .clouds = {{"hetzner", &cloud}},
                                                  .database = pool,
                                                  .bots = *bots,
                                                  .operations = *operations,
                                                  .events = *events,
                                                  .tokens = *tokens,
                                                  .accounts = *accounts,
                                                  .audit = *audit,
                                                  .rate_budgets = *rate_budgets,
                                                  .idempotent_requests = *idempotent_requests,
                                                  .subscriptions = *subscriptions,
                                                  .notifications = *notifications,
                                                  .overview = *overview,
                                                  .fleet_overview = *fleet_overview,
                                                  .cost_overview = *cost_overview,
                                                  .workers = *workers,
                                                  .alarms = *alarms,
                                                  .ledger = *ledger,
                                                  .offers = offers,
                                                  .hand_servers = *hand_servers,
                                                  .allocations = *allocations,
                                                  .engine_metrics = metrics,
                                                  .clock = clock,
                                                  .random = random,
                                                  .settings = std::move(settings),
                                                  .open_id = setup.open_id,
                                                  .cloud_budgets = &cloud_budgets});
    need(server->start());
    const std::vector<std::string> all = {"bots:read", "bots:write", "deploy"};
    alice = make_token("alice@example.org", all);
    bob = make_token("bob@example.org", all);
}

ApiWorld::~ApiWorld() { server->stop(); }

ApiResponse ApiWorld::call(const std::string& method, const std::string& path,
                           const std::string& token, const std::string& body,
                           const Headers& headers) {
    httplib::Client client("127.0.0.1", port());
    client.set_read_timeout(std::chrono::seconds(30));
    client.set_tcp_nodelay(true);
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    if (!token.empty()) request.headers.emplace("Authorization", "Bearer " + token);
    for (const auto& [name, value] : headers) request.headers.emplace(name, value);
    if (!request.has_header("Content-Type") && !body.empty()) {
        request.headers.emplace("Content-Type", "application/json");
    }
    const auto result = client.send(request);
    if (!result) throw std::runtime_error("no answer to " + method + " " + path);
    ApiResponse response{.status = result->status,
                         .body = {},
                         .text = result->body,
                         .headers = {result->headers.begin(), result->headers.end()}};
    if (auto parsed = base::parse_json(result->body)) response.body = std::move(*parsed);
    const base::Json exchange = {{"method", method},
                                 {"path", path},
                                 {"body", body},
                                 {"status", result->status},
                                 {"type", response.header("Content-Type")},
                                 {"text", result->body}};
    const std::lock_guard lock(exchanges_mutex_);
    exchanges_ += base::dump_json(exchange) + "\n";
    return response;
}

std::string ApiWorld::exchanges() {
    const std::lock_guard lock(exchanges_mutex_);
    return exchanges_;
}

std::string ApiWorld::make_token(const std::string& email, const std::vector<std::string>& scopes,
                                 std::optional<base::TimePoint> expires_at, store::UserRole role) {
    const auto user = need(tokens->get_or_create_user(email, role));
    if (role != store::UserRole::user) need(tokens->set_role(user.id, role));
    std::string token = base::random_token(random, 32);
    need(tokens->create({.user_id = user.id,
                         .name = "test",
                         .hash_hex = crypto::sha256_hex(token),
                         .scopes = scopes,
                         .expires_at = expires_at}));
    return token;
}

Browser ApiWorld::browser(const std::string& email, store::UserRole role) {
    const auto user = need(accounts->sign_in(
        {.issuer = "https://issuer.example", .subject = email, .email = email, .name = {}}, role));
    const std::string secret = base::random_token(random, 32);
    need(accounts->create_session(user.id, crypto::sha256_hex(secret)));
    return {.user_id = user.id,
            .cookie = "__Host-hatchery_session=" + secret,
            .csrf = api::csrf_token(secret)};
}

base::Json ApiWorld::bot_body(std::int64_t telegram_bot_id) {
    telegram.add_bot(telegram_token(telegram_bot_id), "the_bot", "The Bot");
    return {{"name", "My bot"},
            {"telegramBotToken", telegram_token(telegram_bot_id)},
            {"model", "claude-opus"}};
}

std::string ApiWorld::make_bot(std::int64_t telegram_bot_id) {
    const auto made = post("/api/bots/create", bot_body(telegram_bot_id));
    if (made.status != 201) throw std::runtime_error(made.text);
    return base::json_string(made.body, "id");
}

ports::ClaimedJob ApiWorld::claim(const std::string& capabilities) {
    auto claimed = need(jobs->claim({.worker = base::make_id<base::WorkerId>(clock.now(), random),
                                     .limit = 1,
                                     .lease_for = base::Milliseconds(60'000),
                                     .now = clock.now(),
                                     .capabilities = capabilities}));
    if (claimed.empty()) throw std::runtime_error("no job to claim");
    return std::move(claimed.front());
}

void ApiWorld::log(const ports::ClaimedJob& job, const std::vector<std::string>& lines) {
    std::vector<core::NewEvent> fresh;
    for (const auto& line : lines) {
        core::NewEvent event;
        event.step = job.job.step;
        event.stream = core::EventStream::out;
        event.message = line;
        event.at = clock.now();
        fresh.push_back(std::move(event));
    }
    need(jobs->record(job.lease, fresh, std::nullopt));
}

void ApiWorld::end(const ports::ClaimedJob& job, core::OperationState state) {
    ports::Transition transition;
    transition.now = clock.now();
    transition.job_state = state == core::OperationState::succeeded ? core::JobState::succeeded
                                                                    : core::JobState::failed;
    transition.operation_end = state;
    transition.bot = core::on_operation_ended(job.operation.kind, state, "");
    core::NewEvent event;
    event.type = core::EventType::status;
    event.message = "the operation ended";
    event.at = clock.now();
    event.data = R"({"state":"ended"})";
    transition.events.push_back(std::move(event));
    const auto applied = need(jobs->apply(job, transition));
    if (!applied.accepted) throw std::runtime_error("the lease was lost");
}

void ApiWorld::plan_server(const ports::ClaimedJob& job) {
    ports::ServerPlan plan;
    plan.id = base::make_id<base::ServerId>(clock.now(), random);
    plan.provider = "hetzner";
    plan.region = "fsn1";
    plan.type = "cx23";
    plan.image = "debian-12";
    plan.host_key = "ssh-ed25519 AAAA";
    plan.planted_host_key = base::Secret("planted");
    plan.client_public_key = "ssh-ed25519 BBBB";
    plan.client_key = base::Secret("client");
    const auto server_row = need(fleet->plan_server(job.lease, job.job.bot_id, plan, clock.now()));
    ports::ServerChange change;
    change.state = core::ServerState::ready;
    change.public_ip = "192.0.2.7";
    change.provider_server_id = std::to_string(++planned_servers_);
    change.price_monthly = "4.3500000000";
    change.price_hourly = "0.0060000000";
    change.price_currency = "EUR";
    need(fleet->change_server(job.lease, server_row.id, change));
}

std::string telegram_token(std::int64_t telegram_bot_id) {
    return std::to_string(telegram_bot_id) + ":" + std::string(35, 'A');
}

}  // namespace hatchery::testing
