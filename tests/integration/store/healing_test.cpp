// A cluster of its own that is stopped and started while it is in use.
#include <thread>

#include "world.hpp"

namespace hatchery::store {

TEST_CASE("work goes on after the database was restarted in the middle of it") {
    const auto cluster = support::PgCluster::make_private();
    World world(*cluster);
    const auto bot = world.add_bot();
    REQUIRE(world.jobs->start_operation(world.deploy_of(bot)));
    const auto claimed = world.claim(at(0)).at(0);

    cluster->stop();
    const auto while_down = world.jobs->apply(
        claimed, {.now = at(1), .operation_end = core::OperationState::succeeded});
    REQUIRE(!while_down);
    CHECK(while_down.error().kind == base::ErrorKind::unavailable);
    cluster->start();

    // Every pooled connection is dead; none of them costs a caller an error.
    ports::Transition advance{
        .now = at(2), .next_step = core::StepKind::install_dependencies, .keep_next = true};
    const auto applied = world.jobs->apply(claimed, advance);
    REQUIRE(applied);
    CHECK(applied->accepted);
    CHECK(applied->next.has_value());
}

TEST_CASE("a connection that is cut during a statement is an unknown effect, then replaced") {
    World world;
    std::string backend;
    const auto cut = world.pool.run([&](Sql& sql) -> base::Result<void> {
        backend = sql.query("SELECT pg_backend_pid()::text")[0].text(0);
        const std::jthread cutter([&] {
            auto other = make_database(world.database->url(), 1).value();
            const auto terminate = [&](Sql& own) -> base::Result<bool> {
                return own
                    .query(
                        "SELECT pg_terminate_backend($1::int) FROM pg_stat_activity "
                        "WHERE pid = $1::int AND wait_event = 'PgSleep'",
                        {backend})
                    .empty();
            };
            // Until the sleep has begun there is nothing to cut.
            while (other->run(terminate).value_or(true)) std::this_thread::yield();
        });
        (void)sql.query("SELECT pg_sleep(20)");
        return {};
    });
    REQUIRE(!cut);
    CHECK(cut.error().kind == base::ErrorKind::unavailable);
    CHECK(cut.error().effect == base::Effect::unknown);
    CHECK(world.pool.ping());
    CHECK(world.texts("SELECT pg_backend_pid()::text") != std::vector{backend});
}

TEST_CASE("the listener hears again after the database was restarted") {
    const auto cluster = support::PgCluster::make_private();
    const auto database = cluster->create_database();
    const auto here = make_notifications(database->url());
    const auto there = make_notifications(database->url());
    Signal heard;
    const auto subscription =
        here->subscribe(Channel::jobs, [&](const std::vector<std::string>&) { heard.raise(); });
    // Once for the first connection, and again after the restart.
    REQUIRE(heard.wait_for(1));
    cluster->stop();
    cluster->start();
    REQUIRE(heard.wait_for(2));
    there->jobs_ready();
    CHECK(heard.wait_for(3));
}

}  // namespace hatchery::store
