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
