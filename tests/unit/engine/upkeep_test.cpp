#include "engine/upkeep.hpp"

#include <mutex>
#include <thread>

#include "engine/history_pruner.hpp"
#include "engine/subscription_watch.hpp"
#include "pool_world.hpp"
#include "support/fake_job_store.hpp"
#include "support/fake_subscription_store.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using core::BillingStage;
using core::BotStatus;
using core::OperationKind;

struct UpkeepWorld {
    SetClock clock;
    base::SystemRandom random;
    base::MetricRegistry metrics;
    support::FakeDatabase database{clock, random};
    support::FakeJobStore jobs{database};
    support::FakeFleetStore fleet{database};
    support::FakeAlarmStore alarms{random};
    support::FakeSubscriptionStore subscriptions{database};
    UpkeepPorts ports{.subscriptions = subscriptions,
                      .jobs = jobs,
                      .alarms = alarms,
                      .fleet = fleet,
                      .metrics = metrics,
                      .clock = clock};
    UpkeepSettings settings;
    SubscriptionWatch watch{ports, settings};
    base::UserId user = database.new_id<base::UserId>();
    base::TimePoint period_end = clock.now() + 240h;

    UpkeepWorld() { pay_until(period_end); }

    void pay_until(base::TimePoint end) {
        period_end = end;
        subscriptions.put(
            core::change_subscription(subscriptions.find(user), user,
                                      {.plan = core::PlanName::pro, .period_end = end}, clock.now())
                .subscription);
    }
    /// A bot with a server.
    base::BotId add_bot(BotStatus status = BotStatus::active) {
        core::Bot bot;
        bot.user_id = user;
        bot.status = status;
        const auto id = database.add_bot(bot).id;
        const auto deployment = database.new_id<base::DeploymentId>();
        const std::lock_guard lock(database.mutex);
        database.deployments[deployment] = {.id = deployment, .bot_id = id, .ended_at = {}};
        return id;
    }
    /// Looks every hour until this long after the end of the period.
    void look_until(base::Milliseconds after_end) {
        while (clock.now() < period_end + after_end) {
            look();
            clock.advance(1h);
        }
    }
    void look() { watch.tick({}); }
    [[nodiscard]] BillingStage stage() const { return subscriptions.find(user)->stage; }
    [[nodiscard]] std::vector<core::Operation> operations_of(const base::BotId& bot) const {
        const std::lock_guard lock(database.mutex);
        std::vector<core::Operation> found;
        for (const auto& [id, operation] : database.operations) {
            if (operation.bot_id == bot) found.push_back(operation);
        }
        return found;
    }
    /// Plays the engine: the bot's live operation ends well.
    void end_stop(const base::BotId& bot) {
        const std::lock_guard lock(database.mutex);
        for (auto& [id, operation] : database.operations) {
            if (operation.bot_id != bot || core::is_terminal(operation.state)) continue;
            operation.state = core::OperationState::succeeded;
            operation.finished_at = clock.now();
            std::erase_if(database.job_rows,
                          [&](const auto& row) { return row.second.job.operation_id == id; });
        }
        database.bots.at(bot).bot.status = BotStatus::stopped;
    }
    [[nodiscard]] bool alarm_is_raised() {
        return alarms.raised().value() == std::vector{core::AlarmKind::unpaid_bots_kept};
    }
    [[nodiscard]] std::vector<std::string> warnings(const base::BotId& bot) const {
        std::vector<std::string> said;
        for (const auto& event : database.events(bot)) {
            if (event.level == core::EventLevel::warning) said.push_back(event.message);
        }
        return said;
    }
};

}  // namespace

TEST_CASE("a paid subscription is left alone") {
    UpkeepWorld world;
    const auto bot = world.add_bot();
    world.look_until(-73h);
    CHECK(world.stage() == BillingStage::paid);
    CHECK(world.database.events(bot).empty());
    CHECK(world.operations_of(bot).empty());
}

TEST_CASE("an unpaid bot is told of its end, stopped after the grace, and kept without a back-up") {
    UpkeepWorld world;
    const auto bot = world.add_bot();
    world.look_until(72h);
    CHECK(world.stage() == BillingStage::grace);
    CHECK(world.warnings(bot).size() == 2);
    CHECK(world.operations_of(bot).empty());
    world.look();
    CHECK(world.stage() == BillingStage::stopped);
    auto operations = world.operations_of(bot);
    REQUIRE(operations.size() == 1);
    CHECK(operations[0].kind == OperationKind::stop);
    CHECK(operations[0].user_id == world.user);
    CHECK(operations[0].deadline_at == world.clock.now() + world.settings.stop_limit);
    world.end_stop(bot);

    world.look_until(72h + 30 * 24h);
    CHECK(world.stage() == BillingStage::closing);
    CHECK_FALSE(world.alarm_is_raised());
    world.look();
    CHECK(world.stage() == BillingStage::closed);
    CHECK(world.warnings(bot).size() == 5);
    CHECK(world.alarm_is_raised());
    world.look_until(72h + 60 * 24h);
    CHECK(world.operations_of(bot).size() == 1);
    CHECK(world.alarms.list({}, 10).value().size() == 1);
}

TEST_CASE("after the retention time a bot with a back-up is destroyed, and others are not") {
    UpkeepWorld world;
    const auto kept = world.add_bot(BotStatus::stopped);
    const auto saved = world.add_bot(BotStatus::stopped);
    world.subscriptions.add_backup(saved);
    world.look_until(72h + 30 * 24h);
    CHECK(world.operations_of(saved).empty());
    world.look();
    REQUIRE(world.operations_of(saved).size() == 1);
    CHECK(world.operations_of(saved)[0].kind == OperationKind::destroy);
    CHECK(world.operations_of(kept).empty());
}

TEST_CASE("a renewal undoes everything at each stage") {
    const auto after_end =
        GENERATE(values<base::Milliseconds>({-24h, 24h, 100h, 72h + 28 * 24h, 72h + 31 * 24h}));
    CAPTURE(after_end.count());
    UpkeepWorld world;
    const auto bot = world.add_bot();
    world.look_until(after_end);
    if (!world.operations_of(bot).empty()) world.end_stop(bot);
    world.look();
    const auto operations = world.operations_of(bot).size();
    const auto warnings = world.warnings(bot).size();
    world.pay_until(world.clock.now() + 1000h);
    world.look();
    CHECK(world.stage() == BillingStage::paid);
    CHECK(world.operations_of(bot).size() == operations);
    CHECK(world.warnings(bot).size() == warnings);
    CHECK_FALSE(world.alarm_is_raised());
}

TEST_CASE("a bot that has an operation under way is stopped when that has ended") {
    UpkeepWorld world;
    const auto bot = world.add_bot();
    world.look_until(71h);
    REQUIRE(world.jobs.start_operation({.bot_id = bot,
                                        .user_id = world.user,
                                        .kind = OperationKind::restart,
                                        .now = world.clock.now(),
                                        .deadline_at = world.clock.now() + 1h}));
    world.clock.advance(1h);
    world.look();
    CHECK(world.stage() == BillingStage::stopped);
    CHECK(world.operations_of(bot).size() == 1);
    world.end_stop(bot);
    {
        const std::lock_guard lock(world.database.mutex);
        world.database.bots.at(bot).bot.status = BotStatus::active;
    }
    world.look();
    CHECK(world.operations_of(bot).size() == 1);
    world.clock.advance(1min);
    world.look();
    CHECK(world.operations_of(bot).size() == 2);
}

TEST_CASE("a bot that does not stop is asked again, less and less often") {
    UpkeepWorld world;
    const auto bot = world.add_bot();
    world.look_until(72h);
    std::size_t looks_with_a_new_operation = 0;
    for (int minute = 0; minute < 24 * 60; ++minute) {
        const auto before = world.operations_of(bot).size();
        world.look();
        if (world.operations_of(bot).size() > before) ++looks_with_a_new_operation;
        world.end_stop(bot);
        {
            const std::lock_guard lock(world.database.mutex);
            world.database.bots.at(bot).bot.status = BotStatus::failed;
        }
        world.clock.advance(1min);
    }
    // Seven in the first two hours, and then one an hour.
    CHECK(looks_with_a_new_operation >= 24);
    CHECK(looks_with_a_new_operation <= 32);
}

TEST_CASE("whoever dies between two writes, the next look does what is left and nothing twice") {
    UpkeepWorld world;
    std::vector<base::BotId> bots;
    for (int i = 0; i < 5; ++i) bots.push_back(world.add_bot());
    world.look_until(72h);
    // The database goes away after some of its answers, again and again.
    for (int lost = 0; lost < 12; ++lost) {
        world.database.lose_next_answers(lost % 3);
        world.look();
        SubscriptionWatch another(world.ports, world.settings);
        another.tick({});
        world.clock.advance(2min);
    }
    world.database.lose_next_answers(0);
    for (const auto& bot : bots) {
        CHECK(world.operations_of(bot).size() == 1);
        CHECK(world.warnings(bot).size() == 3);
    }
}

TEST_CASE("two that believe they lead do nothing twice") {
    UpkeepWorld world;
    const auto bot = world.add_bot();
    SubscriptionWatch other(world.ports, world.settings);
    while (world.clock.now() < world.period_end + 100h) {
        world.look();
        other.tick({});
        world.clock.advance(1h);
    }
    CHECK(world.warnings(bot).size() == 3);
    CHECK(world.operations_of(bot).size() == 1);
}

TEST_CASE("a clock that jumps ahead and back stops nobody, and the story says so") {
    UpkeepWorld world;
    const auto bot = world.add_bot();
    world.look();
    world.clock.advance(365 * 24h);
    world.look();
    world.look();
    CHECK(world.stage() == BillingStage::grace);
    CHECK(world.operations_of(bot).empty());
    world.clock.advance(-365 * 24h);
    world.look();
    CHECK(world.stage() == BillingStage::paid);
    CHECK(world.warnings(bot).back().find("wrong clock") != std::string::npos);
    // And the real end comes as ever.
    world.look_until(72h);
    CHECK(world.operations_of(bot).empty());
    world.look();
    CHECK(world.operations_of(bot).size() == 1);
}

TEST_CASE("the alarm ends when nothing is kept any more") {
    UpkeepWorld world;
    (void)world.add_bot(BotStatus::stopped);
    world.look_until(72h + 31 * 24h);
    REQUIRE(world.alarm_is_raised());
    world.pay_until(world.clock.now() + 24h);
    world.look();
    CHECK(world.alarms.raised().value().empty());
}

TEST_CASE("without a database nothing happens, and a later look goes on") {
    UpkeepWorld world;
    const auto bot = world.add_bot();
    world.look_until(72h);
    world.subscriptions.refuse(true);
    world.look();
    CHECK(world.operations_of(bot).empty());
    world.subscriptions.refuse(false);
    world.look();
    CHECK(world.operations_of(bot).size() == 1);
}

TEST_CASE("old events go in rounds, each bot after what its user's plan keeps") {
    UpkeepWorld world;
    std::vector<base::BotId> bots;
    for (int i = 0; i < 250; ++i) bots.push_back(world.add_bot());
    core::NewEvent line;
    for (const auto& bot : bots) {
        const std::lock_guard lock(world.database.mutex);
        // The plan pro keeps 30 days.
        for (const auto age : {31 * 24h, 30 * 24h + 1h, 29 * 24h}) {
            line.at = world.clock.now() - age;
            world.database.append_events(bot, {}, {&line, 1});
        }
    }
    HistoryPruner pruner(world.ports, world.settings);
    pruner.tick({});
    for (const auto& bot : bots) CHECK(world.database.events(bot).size() == 1);
    // The next round begins after its time.
    world.clock.advance(24h * 2);
    world.settings.prune_every = 1h;
    pruner.tick({});
    for (const auto& bot : bots) CHECK(world.database.events(bot).empty());
}

TEST_CASE("a story of any length is worked off") {
    UpkeepWorld world;
    const auto bot = world.add_bot();
    core::NewEvent line;
    line.at = world.clock.now() - 400 * 24h;
    {
        const std::lock_guard lock(world.database.mutex);
        for (int i = 0; i < 5'500; ++i) world.database.append_events(bot, {}, {&line, 1});
    }
    HistoryPruner pruner(world.ports, world.settings);
    pruner.tick({});
    CHECK(world.database.events(bot).empty());
}

TEST_CASE("the thread looks where it leads, and ends when asked") {
    UpkeepWorld world;
    const auto bot = world.add_bot();
    world.look_until(72h);
    world.settings.look_every = 1ms;
    const auto upkeep = make_upkeep(world.ports, world.settings);
    upkeep->start();
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (world.operations_of(bot).empty() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
    }
    upkeep->stop();
    CHECK(world.operations_of(bot).size() == 1);
}

}  // namespace hatchery::engine
