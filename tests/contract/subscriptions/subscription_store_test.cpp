#include "subscription_worlds.hpp"

namespace hatchery::contract {

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

}  // namespace hatchery::contract
