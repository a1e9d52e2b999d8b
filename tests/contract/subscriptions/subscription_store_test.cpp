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

namespace hatchery::contract {

namespace {

using base::TimePoint;
using core::BillingStage;
using core::BotStatus;
using core::PlanName;

TimePoint at(long long seconds) {
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

std::unique_ptr<Subscriptions> make(Backend backend) {
    if (backend == Backend::memory) return std::make_unique<InMemory>();
    return std::make_unique<OnPostgres>();
}

Backend backends() { return GENERATE(Backend::memory, Backend::postgres); }

}  // namespace

TEST_CASE("due subscriptions are those of the stage within the bounds, the earliest end first") {
    const auto world = make(backends());
    const auto late = world->add(BillingStage::paid, at(100));
    const auto early = world->add(BillingStage::paid, at(50));
    (void)world->add(BillingStage::grace, at(50));
    (void)world->add(BillingStage::paid, at(101));
    (void)world->add(BillingStage::paid, std::nullopt);
    CHECK(world->due(BillingStage::paid, {at(100), std::nullopt}) ==
          std::vector{early.user_id, late.user_id});
    CHECK(world->due(BillingStage::paid, {at(100), std::nullopt}, 1) == std::vector{early.user_id});
    const auto read = world->store().due(BillingStage::paid, {at(50), std::nullopt}, 1).value();
    REQUIRE(read.size() == 1);
    CHECK(read[0].plan == PlanName::pro);
    CHECK(read[0].status == core::SubscriptionStatus::active);
    CHECK(read[0].period_end == at(50));
    CHECK(read[0].stage_at == at(0));
    CHECK(read[0].version == 3);
}

TEST_CASE("a bound on the stage's beginning leaves younger ones out") {
    const auto world = make(backends());
    const auto old = world->add(BillingStage::grace, at(0), at(10));
    (void)world->add(BillingStage::grace, at(0), at(11));
    CHECK(world->due(BillingStage::grace, {at(0), at(10)}) == std::vector{old.user_id});
}

TEST_CASE("what a clock that ran ahead has told is found") {
    const auto world = make(backends());
    (void)world->add(BillingStage::paid, at(100));
    (void)world->add(BillingStage::ending, at(100), at(5'000));
    (void)world->add(BillingStage::grace, at(10), at(10));
    (void)world->add(BillingStage::stopped, at(10), at(5'000));
    const auto told = world->add(BillingStage::stopped, at(51), at(20));
    const auto warned = world->add(BillingStage::grace, at(10), at(351));
    const auto found = world->store().too_early(at(50), 10).value();
    const auto users = Subscriptions::users_of(found);
    CHECK(std::set(users.begin(), users.end()) == std::set{told.user_id, warned.user_id});
}

TEST_CASE("a stage is entered once, with one line in the story of each of the user's bots") {
    const auto world = make(backends());
    const auto one = world->add(BillingStage::paid);
    const auto first = world->add_bot(one.user_id, BotStatus::active, HasServer::yes);
    const auto second = world->add_bot(one.user_id, BotStatus::pending, HasServer::no);
    const auto other = world->add_bot(world->add_user(), BotStatus::active, HasServer::yes);
    world->add_event(first, at(0));
    const ports::StageEntry entry{
        .from = one, .to = BillingStage::grace, .message = "Pay, please."};
    CHECK(world->store().enter({&entry, 1}, at(60)).value() == std::vector{one.user_id});
    CHECK(world->store().enter({&entry, 1}, at(70)).value().empty());
    const auto story = world->events(first);
    REQUIRE(story.size() == 2);
    CHECK(story[1].seq == story[0].seq + 1);
    CHECK(story[1].message == "Pay, please.");
    CHECK(story[1].level == core::EventLevel::warning);
    CHECK(story[1].type == core::EventType::log);
    CHECK(story[1].at == at(60));
    CHECK(world->events(second).size() == 1);
    CHECK(world->events(other).empty());
    const auto entered = world->store().due(BillingStage::grace, {at(0), at(60)}, 10).value();
    REQUIRE(entered.size() == 1);
    CHECK(entered[0].stage_at == at(60));
    CHECK(entered[0].version == 4);
}

TEST_CASE("many stages are entered by one call") {
    const auto world = make(backends());
    std::vector<ports::StageEntry> entries;
    std::vector<base::BotId> bots;
    for (int i = 0; i < 30; ++i) {
        const auto one = world->add(BillingStage::paid);
        bots.push_back(world->add_bot(one.user_id, BotStatus::active, HasServer::yes));
        entries.push_back(
            {.from = one, .to = BillingStage::grace, .message = "Message " + std::to_string(i)});
    }
    CHECK(world->store().enter({}, at(1)).value().empty());
    CHECK(world->store().enter(entries, at(1)).value().size() == 30);
    for (std::size_t i = 0; i < bots.size(); ++i) {
        const auto story = world->events(bots[i]);
        REQUIRE(story.size() == 1);
        CHECK(story[0].message == "Message " + std::to_string(i));
    }
}

TEST_CASE("bots to stop are those with a server that are not stopped, of unpaid users") {
    const auto world = make(backends());
    const auto unpaid = world->add(BillingStage::stopped);
    const auto running = world->add_bot(unpaid.user_id, BotStatus::active, HasServer::yes);
    const auto failed = world->add_bot(unpaid.user_id, BotStatus::failed, HasServer::yes);
    (void)world->add_bot(unpaid.user_id, BotStatus::stopped, HasServer::yes);
    (void)world->add_bot(unpaid.user_id, BotStatus::pending, HasServer::no);
    for (const auto stage : {BillingStage::paid, BillingStage::ending, BillingStage::grace}) {
        (void)world->add_bot(world->add(stage).user_id, BotStatus::active, HasServer::yes);
    }
    (void)world->add_bot(world->add_user(), BotStatus::active, HasServer::yes);
    const auto found = world->store().running_unpaid(at(0), 10).value();
    REQUIRE(found.size() == 2);
    CHECK(std::set{found[0].bot_id, found[1].bot_id} == std::set{running, failed});
    CHECK(found[0].user_id == unpaid.user_id);
    CHECK(found[0].attempts == 0);
    CHECK(world->store().running_unpaid(at(0), 1).value().size() == 1);

    REQUIRE(world->store().note_attempt(running, 1, at(60)));
    REQUIRE(world->store().note_attempt(failed, 4, at(90)));
    CHECK(world->store().running_unpaid(at(59), 10).value().empty());
    REQUIRE(world->store().note_attempt(running, 2, at(61)));
    CHECK(world->store().running_unpaid(at(60), 10).value().empty());
    const auto again = world->store().running_unpaid(at(61), 10).value();
    REQUIRE(again.size() == 1);
    CHECK(again[0].bot_id == running);
    CHECK(again[0].attempts == 2);
    CHECK(world->store().running_unpaid(at(90), 10).value().size() == 2);
}

TEST_CASE("of what was written meanwhile only the others enter their stages, and are named") {
    const auto world = make(backends());
    std::vector<ports::StageEntry> entries;
    for (int i = 0; i < 3; ++i) {
        entries.push_back({.from = world->add(BillingStage::paid), .to = BillingStage::grace});
    }
    ++entries[1].from.version;
    const auto written = world->store().enter(entries, at(1)).value();
    CHECK(std::set(written.begin(), written.end()) ==
          std::set{entries[0].from.user_id, entries[2].from.user_id});
}

TEST_CASE("an attempt is noted only as long as the bot's user has not paid") {
    const auto world = make(backends());
    for (const auto stage : {BillingStage::stopped, BillingStage::closing, BillingStage::closed}) {
        const auto unpaid = world->add(stage);
        const auto bot = world->add_bot(unpaid.user_id, BotStatus::active, HasServer::yes);
        CHECK(world->store().note_attempt(bot, 1, at(60)).value());
        CHECK(world->store().note_attempt(bot, 2, at(61)).value());
    }
    CHECK(world->store().running_unpaid(at(60), 10).value().empty());
    for (const auto stage : {BillingStage::paid, BillingStage::ending, BillingStage::grace}) {
        const auto paid = world->add(stage);
        const auto bot = world->add_bot(paid.user_id, BotStatus::active, HasServer::yes);
        CHECK_FALSE(world->store().note_attempt(bot, 1, at(60)).value());
    }
    const auto endless = world->add(BillingStage::stopped, std::nullopt);
    const auto bot = world->add_bot(endless.user_id, BotStatus::active, HasServer::yes);
    CHECK_FALSE(world->store().note_attempt(bot, 1, at(60)).value());
    const auto without = world->add_bot(world->add_user(), BotStatus::active, HasServer::yes);
    CHECK_FALSE(world->store().note_attempt(without, 1, at(60)).value());
    CHECK(world->store().running_unpaid(at(61), 10).value().size() == 3);
}

TEST_CASE("kept bots are the stopped ones with a server of users whose retention is over") {
    const auto world = make(backends());
    CHECK(world->store().count_kept().value().bots == 0);
    const auto closed = world->add(BillingStage::closed);
    (void)world->add_bot(closed.user_id, BotStatus::stopped, HasServer::yes);
    (void)world->add_bot(closed.user_id, BotStatus::stopped, HasServer::yes);
    (void)world->add_bot(closed.user_id, BotStatus::active, HasServer::yes);
    (void)world->add_bot(closed.user_id, BotStatus::stopped, HasServer::no);
    const auto other = world->add(BillingStage::closed);
    (void)world->add_bot(other.user_id, BotStatus::stopped, HasServer::yes);
    const auto closing = world->add(BillingStage::closing);
    (void)world->add_bot(closing.user_id, BotStatus::stopped, HasServer::yes);
    const auto count = world->store().count_kept().value();
    CHECK(count.bots == 3);
    CHECK(count.users == 2);
}

TEST_CASE("a story loses the beginning that is older than the plan of its user keeps") {
    const auto world = make(backends());
    const auto pro = world->add(BillingStage::paid, std::nullopt, at(0), PlanName::pro);
    const auto starter = world->add(BillingStage::paid, std::nullopt, at(0), PlanName::starter);
    const std::vector<base::UserId> users = {pro.user_id, starter.user_id, world->add_user()};
    std::vector<base::BotId> bots;
    for (const auto& user : users) {
        bots.push_back(world->add_bot(user, BotStatus::active, HasServer::yes));
        for (const int time : {10, 20, 30, 40, 50}) world->add_event(bots.back(), at(time));
    }
    const ports::EventRetention retention{.keep_since = {{PlanName::pro, at(21)},
                                                         {PlanName::starter, at(41)},
                                                         {PlanName::enterprise, at(0)}},
                                          .keep_since_otherwise = at(10)};
    const auto pruned = world->store().prune_events(retention, std::nullopt, 100, 100).value();
    CHECK(pruned.events == 6);
    CHECK_FALSE(pruned.next);
    const std::vector<std::size_t> left = {3, 1, 5};
    for (std::size_t i = 0; i < bots.size(); ++i) {
        const auto story = world->events(bots[i]);
        REQUIRE(story.size() == left[i]);
        CHECK(story.back().at == at(50));
        CHECK(story.back().seq - story.front().seq + 1 == static_cast<std::int64_t>(story.size()));
    }
    CHECK(world->store().prune_events(retention, std::nullopt, 100, 100).value().events == 0);
    // What comes next goes on with the numbers.
    const auto last = world->events(bots[0]).back().seq;
    world->add_event(bots[0], at(60));
    CHECK(world->events(bots[0]).back().seq == last + 1);
}

TEST_CASE("events are pruned bot by bot and a part of a long story at a time") {
    const auto world = make(backends());
    const auto user = world->add(BillingStage::paid).user_id;
    std::vector<base::BotId> bots;
    for (int i = 0; i < 3; ++i) {
        bots.push_back(world->add_bot(user, BotStatus::active, HasServer::yes));
        for (int j = 0; j < 5; ++j) world->add_event(bots.back(), at(j));
    }
    const ports::EventRetention retention{.keep_since = {{PlanName::pro, at(100)},
                                                         {PlanName::starter, at(100)},
                                                         {PlanName::enterprise, at(100)}},
                                          .keep_since_otherwise = at(100)};
    const auto first = world->store().prune_events(retention, std::nullopt, 2, 3).value();
    CHECK(first.events == 6);
    REQUIRE(first.next);
    const auto second = world->store().prune_events(retention, first.next, 2, 3).value();
    CHECK(second.events == 3);
    CHECK_FALSE(second.next);
    for (const auto& bot : bots) CHECK(world->events(bot).size() == 2);
    CHECK(world->store().prune_events(retention, std::nullopt, 100, 100).value().events == 6);
    for (const auto& bot : bots) CHECK(world->events(bot).empty());
}

TEST_CASE("an old line behind a young one waits for it") {
    const auto world = make(backends());
    const auto bot =
        world->add_bot(world->add(BillingStage::paid).user_id, BotStatus::active, HasServer::yes);
    // The clock was set back between the second line and the third.
    for (const int time : {10, 50, 20}) world->add_event(bot, at(time));
    const ports::EventRetention retention{.keep_since = {{PlanName::pro, at(30)}},
                                          .keep_since_otherwise = at(0)};
    CHECK(world->store().prune_events(retention, std::nullopt, 10, 10).value().events == 1);
    CHECK(world->events(bot).size() == 2);
}

TEST_CASE("operations go that ended long ago and that nothing shows any more") {
    using core::OperationKind;
    const auto world = make(backends());
    const auto user = world->add(BillingStage::paid).user_id;
    const auto bot = [&] { return world->add_bot(user, BotStatus::active, HasServer::yes); };
    const auto add = [&](const base::BotId& of, OperationKind kind, int made,
                         std::optional<TimePoint> ended) {
        return world->add_operation(of, kind, at(made), ended);
    };
    std::set<base::OperationId> kept;
    const auto plain = bot();
    (void)add(plain, OperationKind::deploy, 8, at(9));
    kept.insert(add(plain, OperationKind::deploy, 10, at(11)));  // the last that the fleet shows
    (void)add(plain, OperationKind::restart, 12, at(13));
    (void)add(plain, OperationKind::chat, 14, at(15));
    kept.insert(add(plain, OperationKind::stop, 16, at(17)));  // the last that the bot shows
    (void)add(plain, OperationKind::chat, 18, at(19));
    kept.insert(add(plain, OperationKind::chat, 20, at(120)));  // ended late
    kept.insert(add(plain, OperationKind::chat, 22, {}));
    kept.insert(add(plain, OperationKind::chat, 110, at(111)));
    const auto told = bot();
    (void)add(told, OperationKind::stop, 10, at(30));
    kept.insert(add(told, OperationKind::restart, 31, at(40)));  // its end is in the bot's story
    kept.insert(add(told, OperationKind::stop, 41, at(50)));
    (void)add(told, OperationKind::chat, 60, at(61));
    world->add_event(told, at(35));
    const auto deleted = bot();
    (void)add(deleted, OperationKind::deploy, 10, at(11));
    (void)add(deleted, OperationKind::destroy, 12, at(13));
    world->delete_bot(deleted);

    std::optional<ports::OperationCursor> next;
    std::int64_t gone = 0;
    int pages = 0;
    do {
        const auto pruned = world->store().prune_operations(at(100), next, 4).value();
        gone += pruned.operations;
        next = pruned.next;
        ++pages;
    } while (next);
    CHECK(pages == 4);
    CHECK(gone == 8);
    CHECK(world->operations() == kept);
    CHECK(world->store().prune_operations(at(100), {}, 100).value().operations == 0);
    CHECK(world->operations() == kept);
}

TEST_CASE("what the billing sent is forgotten without trouble when there is nothing") {
    const auto world = make(backends());
    CHECK(world->store().prune_billing_events(at(0), 10).value() == 0);
}

}  // namespace hatchery::contract
