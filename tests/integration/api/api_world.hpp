#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/server.hpp"
#include "base/clock.hpp"
#include "base/json_value.hpp"
#include "base/random.hpp"
#include "engine/offer_board.hpp"
#include "ports/update_receiver.hpp"
#include "store/notifications.hpp"
#include "store/pg_cloud_ledger.hpp"
#include "store/pg_hand_servers.hpp"
#include "store/pg_machine_allocations.hpp"
#include "support/fake_bot_api.hpp"
#include "support/fake_cloud_budgets.hpp"
#include "support/fake_cloud_provider.hpp"
#include "support/pg_cluster.hpp"

namespace hatchery::testing {

/// Remembers the last update and answers what the test says.
class FakeReceiver final : public ports::UpdateReceiver {
public:
    ports::HookAnswer answer;
    std::string public_id;
    std::string secret;
    std::string body;
    /// The ids that it has found before, and how many updates it was handed.
    std::set<std::string, std::less<>> remembered;
    std::atomic<int> received{0};

    bool remembers(std::string_view id) const override { return remembered.contains(id); }
    ports::HookAnswer receive(std::string_view id, std::string_view secret_header,
                              std::string_view text) override {
        ++received;
        public_id = id;
        secret = secret_header;
        body = text;
        return answer;
    }
};

/// Telegram behind a door that a test may close.
class SlowBotApi final : public ports::BotApi {
public:
    explicit SlowBotApi(ports::BotApi& behind) : behind_(behind) {}
    /// Runs before every call; set it before the first one.
    std::function<void()> before_each_call = [] {};

    base::Result<ports::TelegramBot> get_me(const base::Secret& token,
                                            const base::Call& call) override {
        before_each_call();
        return behind_.get_me(token, call);
    }
    base::Result<void> set_webhook(const base::Secret& token,
                                   const ports::WebhookSettings& settings,
                                   const base::Call& call) override {
        before_each_call();
        return behind_.set_webhook(token, settings, call);
    }
    base::Result<void> delete_webhook(const base::Secret& token, const base::Call& call) override {
        before_each_call();
        return behind_.delete_webhook(token, call);
    }
    base::Result<ports::WebhookInfo> get_webhook_info(const base::Secret& token,
                                                      const base::Call& call) override {
        before_each_call();
        return behind_.get_webhook_info(token, call);
    }

private:
    ports::BotApi& behind_;
};

struct ApiResponse {
    int status = 0;
    base::Json body;
    std::string text;
    std::vector<std::pair<std::string, std::string>> headers;

    [[nodiscard]] std::string header(const std::string& name) const;
    [[nodiscard]] std::string code() const { return base::json_string(body, "code"); }
    /// The fields that `errors` names, in order, separated by blanks.
    [[nodiscard]] std::string wrong_fields() const;
};

/// What a signed-in browser has.
struct Browser {
    base::UserId user_id;
    std::string cookie;
    std::string csrf;

    /// The headers of a read.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> reads() const {
        return {{"Cookie", cookie}};
    }
    /// The headers of a write from our own page.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> writes() const {
        return {{"Cookie", cookie},
                {"Origin", "https://hatchery.example"},
                {"Sec-Fetch-Site", "same-origin"},
                {"X-CSRF-Token", csrf}};
    }
};

struct WorldSetup {
    /// Signs people in; null: there is no sign-in.
    api::sign_in::OpenIdClient* open_id = nullptr;
    /// Nobody is limited, unless a test says so.
    core::RateLimits rates;
    api::ApiOptions options;
    core::BillingRules billing;
    std::vector<base::Secret> billing_secrets;
    /// Hears what the database tells, besides what happens in this process.
    bool listens = false;
    std::map<std::string, double> cost_ceilings = {{"hetzner", 500}};
};

/// The API over a database of its own, with Telegram and the cloud in memory and no engine: tests
/// play the engine where they need one.
class ApiWorld {
public:
    explicit ApiWorld(WorldSetup setup = {});
    ~ApiWorld();

    using Headers = std::vector<std::pair<std::string, std::string>>;
    ApiResponse call(const std::string& method, const std::string& path, const std::string& token,
                     const std::string& body = {}, const Headers& headers = {});
    ApiResponse get(const std::string& path) { return call("GET", path, alice); }
    ApiResponse post(const std::string& path, const base::Json& body = base::Json::object()) {
        return call("POST", path, alice, body.dump());
    }
    ApiResponse put(const std::string& path, const base::Json& body) {
        return call("PUT", path, alice, body.dump());
    }

    /// An API token of this user.
    std::string make_token(const std::string& email, const std::vector<std::string>& scopes,
                           std::optional<base::TimePoint> expires_at = std::nullopt,
                           store::UserRole role = store::UserRole::user);
    /// Somebody who has signed in.
    Browser browser(const std::string& email, store::UserRole role = store::UserRole::user);
    /// A body that creates a bot; its token is known to Telegram.
    base::Json bot_body(std::int64_t telegram_bot_id);
    /// Alice's bot.
    std::string make_bot(std::int64_t telegram_bot_id);

    /// Plays the engine: claims the next job that a worker with these capabilities may run.
    ports::ClaimedJob claim(const std::string& capabilities = "{}");
    /// Writes log lines as the job's step would.
    void log(const ports::ClaimedJob& job, const std::vector<std::string>& lines);
    /// Ends the job and its operation; the bot becomes what the ending makes of it.
    void end(const ports::ClaimedJob& job, core::OperationState state);
    /// A server as provision_server plans it.
    void plan_server(const ports::ClaimedJob& job);

    /// What went back and forth by call() so far, a JSON object a line; see
    /// tests/support/openapi/check.py.
    [[nodiscard]] std::string exchanges();

    [[nodiscard]] std::uint16_t port() const { return server->port(); }

    base::SystemClock clock;
    base::SystemRandom random;
    std::unique_ptr<support::TestDatabase> database;
    std::unique_ptr<ports::SecretBox> box;
    std::unique_ptr<store::Notifications> notifications;
    std::unique_ptr<ports::JobStore> jobs;
    std::unique_ptr<ports::FleetStore> fleet;
    std::unique_ptr<store::BotRepository> bots;
    std::unique_ptr<store::OperationRepository> operations;
    std::unique_ptr<store::EventRepository> events;
    std::unique_ptr<store::OperationOverview> overview;
    std::unique_ptr<store::FleetOverview> fleet_overview;
    std::unique_ptr<store::CostOverview> cost_overview;
    std::unique_ptr<ports::CloudLedger> ledger;
    std::unique_ptr<ports::HandServers> hand_servers;
    std::unique_ptr<ports::MachineAllocations> allocations;
    std::unique_ptr<ports::WorkerRegistry> workers;
    std::unique_ptr<ports::AlarmStore> alarms;
    base::MetricRegistry metrics;
    std::unique_ptr<store::TokenRepository> tokens;
    std::unique_ptr<store::AccountRepository> accounts;
    std::unique_ptr<store::AuditLog> audit;
    std::unique_ptr<store::RateBudgets> rate_budgets;
    std::unique_ptr<store::IdempotentRequests> idempotent_requests;
    std::unique_ptr<store::SubscriptionRepository> subscriptions;
    support::FakeBotApi telegram;
    SlowBotApi slow_telegram{telegram};
    support::FakeCloudProvider cloud{clock};
    engine::OfferBoard offers;
    support::FakeCloudBudgets cloud_budgets{clock};
    FakeReceiver receiver;
    std::unique_ptr<api::ApiServer> server;
    std::string alice;
    std::string bob;

private:
    int planned_servers_ = 0;
    std::mutex exchanges_mutex_;
    std::string exchanges_;
};

/// A token of the right shape for the Telegram bot of this id.
std::string telegram_token(std::int64_t telegram_bot_id);

}  // namespace hatchery::testing
