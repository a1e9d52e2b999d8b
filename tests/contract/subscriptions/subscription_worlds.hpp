#pragma once

#include <memory>
#include <set>

#include "store/bot_repository.hpp"
#include "store/event_repository.hpp"
#include "store/pg_subscription_store.hpp"
#include "store/token_repository.hpp"
#include "support/catch.hpp"
#include "support/fake_subscription_store.hpp"
#include "support/pg_cluster.hpp"
#include "support/plain_secret_box.hpp"

// What the contract is tried on: subscriptions and their bots, in memory and on PostgreSQL.
namespace hatchery::contract {

using base::TimePoint;
using core::BillingStage;
using core::BotStatus;
using core::PlanName;

inline TimePoint at(long long seconds) {
    return base::parse_time("2026-03-01T10:00:00Z").value() + std::chrono::seconds(seconds);
}

class FixedClock final : public base::Clock {
public:
    [[nodiscard]] TimePoint now() const override { return at(0); }
};

enum class Backend { memory, postgres };
enum class HasServer { no, yes };

/// A store of either kind, and the users and bots that it looks at.
class Subscriptions {
public:
    virtual ~Subscriptions() = default;
    virtual ports::SubscriptionStore& store() = 0;
    virtual base::UserId add_user() = 0;
    virtual void put(const core::Subscription& subscription) = 0;
    virtual base::BotId add_bot(const base::UserId& user, BotStatus status,
                                HasServer has_server) = 0;
    /// At the bot's end.
    virtual void add_event(const base::BotId& bot, TimePoint time) = 0;
    virtual std::vector<core::Event> events(const base::BotId& bot) = 0;
    /// One that lives when it has no end.
    virtual base::OperationId add_operation(const base::BotId& bot, core::OperationKind kind,
                                            TimePoint made, std::optional<TimePoint> ended) = 0;
    virtual std::set<base::OperationId> operations() = 0;
    virtual void delete_bot(const base::BotId& bot) = 0;

    core::Subscription add(BillingStage stage, std::optional<TimePoint> period_end = at(0),
                           TimePoint stage_at = at(0), PlanName plan = PlanName::pro) {
        const core::Subscription made{.user_id = add_user(),
                                      .plan = plan,
                                      .period_end = period_end,
                                      .stage = stage,
                                      .stage_at = stage_at,
                                      .version = 3};
        put(made);
        return made;
    }
    std::vector<base::UserId> due(BillingStage stage, const core::StageBounds& bounds,
                                  int limit = 10) {
        return users_of(store().due(stage, bounds, limit).value());
    }
    static std::vector<base::UserId> users_of(const std::vector<core::Subscription>& list) {
        std::vector<base::UserId> users;
        for (const auto& one : list) users.push_back(one.user_id);
        return users;
    }
};

class InMemory final : public Subscriptions {
public:
    ports::SubscriptionStore& store() override { return store_; }
    base::UserId add_user() override { return database_.new_id<base::UserId>(); }
    void put(const core::Subscription& subscription) override { store_.put(subscription); }
    base::BotId add_bot(const base::UserId& user, BotStatus status, HasServer has_server) override {
        core::Bot bot;
        bot.user_id = user;
        bot.status = status;
        const auto id = database_.add_bot(bot).id;
        if (has_server == HasServer::yes) {
            const auto deployment = database_.new_id<base::DeploymentId>();
            database_.deployments[deployment] = {.id = deployment, .bot_id = id, .ended_at = {}};
        }
        return id;
    }
    void add_event(const base::BotId& bot, TimePoint time) override {
        core::NewEvent event;
        event.at = time;
        event.message = "a line";
        database_.append_events(bot, {}, {&event, 1});
    }
    std::vector<core::Event> events(const base::BotId& bot) override {
        return database_.events(bot);
    }
    base::OperationId add_operation(const base::BotId& bot, core::OperationKind kind,
                                    TimePoint made, std::optional<TimePoint> ended) override {
        const std::lock_guard lock(database_.mutex);
        core::Operation operation;
        operation.id = base::make_id<base::OperationId>(made, random_);
        operation.bot_id = bot;
        operation.kind = kind;
        operation.created_at = made;
        operation.finished_at = ended;
        if (ended) operation.state = core::OperationState::succeeded;
        database_.operations[operation.id] = operation;
        return operation.id;
    }
    std::set<base::OperationId> operations() override {
        std::set<base::OperationId> ids;
        for (const auto& [id, operation] : database_.operations) ids.insert(id);
        return ids;
    }
    void delete_bot(const base::BotId& bot) override { database_.bots.at(bot).deleted = true; }

private:
    FixedClock clock_;
    base::SystemRandom random_;
    support::FakeDatabase database_{clock_, random_};
    support::FakeSubscriptionStore store_{database_};
};

class OnPostgres final : public Subscriptions {
public:
    ports::SubscriptionStore& store() override { return *store_; }
    base::UserId add_user() override {
        return tokens_
            ->get_or_create_user(std::to_string(++count_) + "@example.org", store::UserRole::user)
            .value()
            .id;
    }
    void put(const core::Subscription& one) override {
        run("INSERT INTO subscriptions (user_id, plan, status, period_end, stage, stage_at, "
            "version, as_of, created_at, updated_at) "
            "VALUES ($1, $2, $3, $4::timestamptz, $5, $6, $7::bigint, $6, $6, $6)",
            {one.user_id, one.plan, one.status, one.period_end, one.stage, one.stage_at,
             one.version});
    }
    base::BotId add_bot(const base::UserId& user, BotStatus status, HasServer has_server) override {
        core::Bot bot;
        bot.user_id = user;
        bot.name = "bot";
        bot.telegram_bot_id = ++count_;
        bot.model = "anthropic/claude";
        bot.provider = "hetzner";
        const auto id = bots_->create(bot, {}).value().id;
        run("UPDATE bots SET status = $2 WHERE id = $1", {id, status});
        if (has_server == HasServer::yes) {
            run("INSERT INTO deployments (id, bot_id, created_at) "
                "VALUES (gen_random_uuid(), $1, $2)",
                {id, at(0)});
        }
        return id;
    }
    void add_event(const base::BotId& bot, TimePoint time) override {
        run("WITH numbered AS (UPDATE bots SET last_event_seq = last_event_seq + 1 WHERE id = $1 "
            "RETURNING id, last_event_seq) "
            "INSERT INTO events (bot_id, seq, at, type, level, stream, message) "
            "SELECT id, last_event_seq, $2, 'log', 'info', 'engine', 'a line' FROM numbered",
            {bot, time});
    }
    std::vector<core::Event> events(const base::BotId& bot) override {
        return events_->find({.bot = bot, .limit = 10'000}).value();
    }
    base::OperationId add_operation(const base::BotId& bot, core::OperationKind kind,
                                    TimePoint made, std::optional<TimePoint> ended) override {
        const auto id = base::make_id<base::OperationId>(made, random_);
        run("INSERT INTO operations (id, bot_id, user_id, kind, state, phase, created_at, "
            "deadline_at, finished_at) "
            "SELECT $2::uuid, id, user_id, $3::text, "
            "CASE WHEN $5::timestamptz IS NULL THEN 'pending' ELSE 'succeeded' END, 'forward', "
            "$4::timestamptz, $4::timestamptz, $5::timestamptz FROM bots WHERE id = $1",
            {bot, id, kind, made, ended});
        return id;
    }
    std::set<base::OperationId> operations() override {
        return database_->pool()
            .run([](store::Sql& sql) -> base::Result<std::set<base::OperationId>> {
                const auto rows = sql.query("SELECT id FROM operations");
                std::set<base::OperationId> ids;
                for (std::size_t i = 0; i < rows.size(); ++i) {
                    ids.insert(rows[i].id<base::OperationId>(0));
                }
                return ids;
            })
            .value();
    }
    void delete_bot(const base::BotId& bot) override {
        run("UPDATE bots SET deleted_at = $2, telegram_bot_id = NULL WHERE id = $1", {bot, at(0)});
    }

private:
    void run(std::string_view statement, std::initializer_list<store::Param> params) {
        const auto done = database_->pool().run([&](store::Sql& sql) -> base::Result<void> {
            (void)sql.query(statement, params);
            return {};
        });
        if (!done) throw std::runtime_error(done.error().message);
    }

    FixedClock clock_;
    base::SystemRandom random_;
    support::PlainSecretBox box_;
    store::NoHints hints_;
    std::unique_ptr<support::TestDatabase> database_ =
        support::PgCluster::shared().create_database();
    std::unique_ptr<store::TokenRepository> tokens_ =
        store::make_token_repository(database_->pool(), clock_, random_);
    std::unique_ptr<store::BotRepository> bots_ =
        store::make_bot_repository(database_->pool(), box_, clock_, random_);
    std::unique_ptr<store::EventRepository> events_ =
        store::make_event_repository(database_->pool());
    std::unique_ptr<ports::SubscriptionStore> store_ =
        store::make_pg_subscription_store(database_->pool(), hints_);
    int count_ = 0;
};

inline std::unique_ptr<Subscriptions> make(Backend backend) {
    if (backend == Backend::memory) return std::make_unique<InMemory>();
    return std::make_unique<OnPostgres>();
}

inline Backend backends() { return GENERATE(Backend::memory, Backend::postgres); }

}  // namespace hatchery::contract
