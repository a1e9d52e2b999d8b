#include "engine/history_pruner.hpp"

#include <set>

#include "upkeep_world.hpp"

namespace hatchery::engine {

namespace {

/// Bots of one user, each with so many lines that are too old for any plan.
std::vector<base::BotId> add_old_stories(UpkeepWorld& world, int bots, int lines) {
    std::vector<base::BotId> added;
    core::NewEvent line;
    line.at = world.clock.now() - 400 * 24h;
    for (int i = 0; i < bots; ++i) {
        added.push_back(world.add_bot());
        const std::lock_guard lock(world.database.mutex);
        for (int j = 0; j < lines; ++j) world.database.append_events(added.back(), {}, {&line, 1});
    }
    return added;
}

std::size_t lines_left(const UpkeepWorld& world, const std::vector<base::BotId>& bots) {
    std::size_t left = 0;
    for (const auto& bot : bots) left += world.database.events(bot).size();
    return left;
}

}  // namespace

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

TEST_CASE("a page that fails is tried again at the next tick, and those before it are not") {
    UpkeepWorld world;
    const auto bots = add_old_stories(world, 250, 1);
    int pages = 0;
    world.subscriptions.fail_prune = [&](int, int) -> std::optional<base::ErrorKind> {
        if (++pages == 2) return base::ErrorKind::unavailable;
        return std::nullopt;
    };
    HistoryPruner pruner(world.ports, world.settings);
    pruner.tick({});
    CHECK(pages == 2);
    CHECK(lines_left(world, bots) == 150);
    pruner.tick({});
    CHECK(pages == 4);
    CHECK(lines_left(world, bots) == 0);
}

TEST_CASE("a page that takes too long is made smaller until it passes") {
    const int most_rows = GENERATE(50'000, 2'000, 300, 1);
    CAPTURE(most_rows);
    UpkeepWorld world;
    const auto bots = add_old_stories(world, 5, 4);
    world.subscriptions.fail_prune = [&](int bots_of_page,
                                         int events_each) -> std::optional<base::ErrorKind> {
        if (bots_of_page * events_each > most_rows) return base::ErrorKind::timeout;
        return std::nullopt;
    };
    HistoryPruner pruner(world.ports, world.settings);
    for (int tick = 0; tick < 25; ++tick) pruner.tick({});
    CHECK(lines_left(world, bots) == 0);
    // The next round begins with whole pages again.
    std::set<int> sizes;
    world.subscriptions.fail_prune = [&](int bots_of_page, int) {
        sizes.insert(bots_of_page);
        return std::nullopt;
    };
    world.clock.advance(world.settings.prune_every);
    pruner.tick({});
    CHECK(sizes == std::set{100});
}

TEST_CASE(
    "operations go when they have been kept for long enough, and a slow database takes fewer") {
    const bool slow = GENERATE(false, true);
    UpkeepWorld world;
    const auto bot = world.add_bot();
    const auto add = [&](core::OperationKind kind, base::Milliseconds age) {
        const std::lock_guard lock(world.database.mutex);
        core::Operation operation;
        operation.created_at = world.clock.now() - age;
        operation.finished_at = operation.created_at;
        operation.id = base::make_id<base::OperationId>(operation.created_at, world.random);
        operation.bot_id = bot;
        operation.kind = kind;
        operation.state = core::OperationState::succeeded;
        world.database.operations[operation.id] = operation;
    };
    for (int i = 0; i < 2'500; ++i) add(core::OperationKind::chat, 24h * 91);
    add(core::OperationKind::chat, 24h * 89);
    add(core::OperationKind::deploy, 24h * 200);
    if (slow) {
        world.subscriptions.fail_prune_operations =
            [](int limit) -> std::optional<base::ErrorKind> {
            if (limit > 200) return base::ErrorKind::timeout;
            return std::nullopt;
        };
    }
    HistoryPruner pruner(world.ports, world.settings);
    for (int tick = 0; tick < (slow ? 6 : 1); ++tick) pruner.tick({});
    CHECK(world.operations_of(bot).size() == 2);
    world.clock.advance(24h * 2);
    for (int tick = 0; tick < (slow ? 6 : 1); ++tick) pruner.tick({});
    CHECK(world.operations_of(bot).size() == 1);
}

}  // namespace hatchery::engine
