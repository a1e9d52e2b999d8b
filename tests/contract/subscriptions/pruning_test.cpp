// What of stories, operations and billing is forgotten, and when.
#include "subscription_worlds.hpp"

namespace hatchery::contract {

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
