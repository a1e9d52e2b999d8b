#include "store/event_repository.hpp"

#include "world.hpp"

namespace hatchery::store {

namespace {

core::NewEvent event_of(const std::string& message, core::EventLevel level,
                        std::optional<core::StepKind> step) {
    core::NewEvent event;
    event.message = message;
    event.level = level;
    event.step = step;
    event.at = at(1);
    return event;
}

std::vector<std::string> messages(World& world, const EventQuery& query) {
    std::vector<std::string> texts;
    const auto events = world.events->find(query).value();
    for (const auto& event : events) texts.push_back(event.message);
    return texts;
}

}  // namespace

TEST_CASE("events are found after a number, by step, level, type and text") {
    World world;
    const auto bot = world.add_bot();
    REQUIRE(world.jobs->start_operation(world.deploy_of(bot)));
    const auto claimed = world.claim(at(0)).at(0);
    const auto provision = core::StepKind::provision_server;
    const std::vector events = {event_of("one 100% done", core::EventLevel::debug, provision),
                                event_of("Two", core::EventLevel::info, std::nullopt),
                                event_of("three", core::EventLevel::warning, provision),
                                event_of("four_x", core::EventLevel::error, provision)};
    REQUIRE(world.jobs->record(claimed.lease, events, std::nullopt));
    using Texts = std::vector<std::string>;

    CHECK(messages(world, {.bot = bot.id}).size() == 5);
    CHECK(messages(world, {.bot = bot.id, .after = 3, .limit = 1}) == Texts{"three"});
    CHECK(messages(world, {.bot = bot.id, .before = 5, .limit = 2}) == Texts{"Two", "three"});
    CHECK(messages(world, {.bot = bot.id, .after = 1, .before = 4, .text = "o"}) ==
          Texts{"one 100% done", "Two"});
    CHECK(messages(world, {.bot = bot.id, .after = 2, .before = 4}) == Texts{"Two"});
    CHECK(messages(world, {.bot = bot.id, .before = 1}).empty());
    CHECK(messages(world, {.bot = bot.id, .step = provision}).size() == 3);
    CHECK(messages(world, {.bot = bot.id, .level = core::EventLevel::warning}) ==
          Texts{"three", "four_x"});
    CHECK(messages(world, {.bot = bot.id, .text = "TWO"}) == Texts{"Two"});
    // Not patterns: signs stand for themselves.
    CHECK(messages(world, {.bot = bot.id, .text = "100%"}) == Texts{"one 100% done"});
    CHECK(messages(world, {.bot = bot.id, .text = "r_x"}) == Texts{"four_x"});
    CHECK(messages(world, {.bot = bot.id, .text = "o_e"}).empty());
    CHECK(messages(world, {.bot = bot.id, .type = core::EventType::status}).size() == 1);
    CHECK(world.events->last_seq(bot.id).value() == 5);
    CHECK(world.events->last_seq(base::BotId("x")).error().kind == base::ErrorKind::not_found);
}

TEST_CASE("a search finds lines of any age, newest first, whatever the size of its pages") {
    World world;
    const auto bot = world.add_bot();
    REQUIRE(world.jobs->start_operation(world.deploy_of(bot)));
    const auto claimed = world.claim(at(0)).at(0);
    std::vector<core::NewEvent> events;
    const std::vector<int> minutes_ago = {100'000, 20'000, 300, 299, 299, 30, 16, 15, 14, 1, 0};
    for (const int age : minutes_ago) {
        events.push_back(
            event_of("needle " + std::to_string(age), core::EventLevel::info, std::nullopt));
        events.back().at = at(0) - std::chrono::minutes(age);
    }
    REQUIRE(world.jobs->record(claimed.lease, events, std::nullopt));
    const auto found = [&](int limit, std::chrono::minutes reach) {
        EventSearch search{.now = at(0),
                           .since = at(0) - reach,
                           .step = {},
                           .level = {},
                           .text = "needle",
                           .after = {},
                           .limit = limit};
        std::vector<int> ages;
        do {
            const auto page = world.events->search(search).value();
            for (const auto& one : page.items)
                ages.push_back(std::stoi(one.event.message.substr(7)));
            search.after = page.next;
        } while (search.after);
        return ages;
    };
    const std::vector<int> newest_first(minutes_ago.rbegin(), minutes_ago.rend());
    for (const int limit : {1, 2, 3, 50}) {
        CHECK(found(limit, std::chrono::days(365)) == newest_first);
    }
    CHECK(found(50, std::chrono::minutes(299)).size() == 8);
    CHECK(found(50, std::chrono::minutes(0)).size() == 1);
}

TEST_CASE("bytes that are no text are kept as far as they are") {
    World world;
    const auto bot = world.add_bot();
    REQUIRE(world.jobs->start_operation(world.deploy_of(bot)));
    const auto claimed = world.claim(at(0)).at(0);
    const std::vector events = {
        event_of(std::string("a\0b\xff\xfe", 5), core::EventLevel::info, std::nullopt)};
    REQUIRE(world.jobs->record(claimed.lease, events, std::nullopt));
    const auto stored = messages(world, {.bot = bot.id, .after = 1});
    REQUIRE(stored.size() == 1);
    CHECK(
        stored[0].starts_with("a\xEF\xBF\xBD"
                              "b"));
}

}  // namespace hatchery::store
