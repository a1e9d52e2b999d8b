#include "engine/upkeep.hpp"

#include <future>
#include <string>
#include <thread>

#include "base/log.hpp"
#include "upkeep_world.hpp"

namespace hatchery::engine {

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

TEST_CASE("who pays while the list of bots to stop is worked off is not stopped") {
    UpkeepWorld world;
    const auto first = world.add_bot();
    const auto second = world.add_bot();
    world.look_until(72h);
    int notes = 0;
    world.subscriptions.before_note = [&] {
        if (++notes == 2) world.pay_until(world.clock.now() + 1000h);
    };
    world.look();
    CHECK(notes == 2);
    CHECK(world.operations_of(first).size() + world.operations_of(second).size() == 1);
}

TEST_CASE("only stages that were entered are told in the log") {
    UpkeepWorld world;
    (void)world.add_bot();
    world.look_until(-72h);
    std::vector<std::string> lines;
    const base::LogCapture capture([&](const std::string& line) { lines.push_back(line); });
    world.subscriptions.before_enter = [&] { world.pay_until(world.clock.now() + 1000h); };
    world.look();
    CHECK(world.stage() == BillingStage::paid);
    CHECK(lines.empty());
    world.subscriptions.before_enter = [] {};
    world.look_until(-71h);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("subscription_stage") != std::string::npos);
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

TEST_CASE("a stop is asked for at once, and nothing is asked of a database that is slow") {
    UpkeepWorld world;
    (void)world.add_bot();
    world.look_until(72h);
    std::promise<void> reading;
    std::promise<void> answered;
    world.subscriptions.before_read = [&] {
        reading.set_value();
        answered.get_future().wait();
    };
    const int calls = world.subscriptions.calls();
    const auto upkeep = make_upkeep(world.ports, world.settings);
    upkeep->start();
    REQUIRE(reading.get_future().wait_for(20s) == std::future_status::ready);
    upkeep->request_stop();
    // It came back while the statement has no answer yet.
    answered.set_value();
    upkeep->stop();
    CHECK(world.subscriptions.calls() == calls + 1);
}

}  // namespace hatchery::engine
