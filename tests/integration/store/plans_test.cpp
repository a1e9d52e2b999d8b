// The hot statements use the indexes that they are meant to use, also with many ended jobs around.
#include "store/bot_repository.hpp"
#include "store/event_repository.hpp"
#include "store/fleet_overview.hpp"
#include "store/operation_overview.hpp"
#include "store/pg_job_statements.hpp"
#include "store/queue_statements.hpp"
#include "world.hpp"

namespace hatchery::store {

namespace {

/// A thousand bots with five ended operations each, and an operation under way at some of them.
void fill(World& world) {
    const auto user = world.add_user();
    world.script(R"(
        INSERT INTO bots (id, public_id, user_id, name, model, provider, telegram_mode, status,
                          created_at, updated_at)
        SELECT gen_random_uuid(), 'p' || i, ')" +
                 user.text() + R"(', 'bot', 'm', 'hetzner', 'webhook', 'active', now(), now()
        FROM generate_series(1, 1000) AS i;
        INSERT INTO operations (id, bot_id, user_id, kind, state, phase, created_at, deadline_at,
                                finished_at)
        SELECT gen_random_uuid(), id, user_id, 'deploy', 'succeeded', 'forward', now(), now(), now()
        FROM bots, generate_series(1, 5);
        UPDATE operations SET state = 'pending', finished_at = NULL
        WHERE id IN (SELECT DISTINCT ON (bot_id) id FROM operations ORDER BY bot_id LIMIT 550);
        INSERT INTO jobs (id, operation_id, bot_id, user_id, turn, step, state, in_line, run_at,
                          queue_at, created_at)
        SELECT gen_random_uuid(), id, bot_id, user_id, '-infinity', 'start_bot',
            CASE WHEN lined THEN 'available' ELSE 'waiting' END, lined, now(), now(), now()
        FROM (SELECT *, row_number() OVER (ORDER BY id) <= 50 AS lined FROM operations
              WHERE finished_at IS NULL) AS o;
        ANALYZE jobs;
        ANALYZE operations;
        ANALYZE bots)");
}

/// The plan that a prepared statement uses for any parameters.
std::string generic_plan(World& world, const std::string& statement, const std::string& values) {
    return world.pool
        .run([&](Sql& sql) -> base::Result<std::string> {
            sql.script("SET plan_cache_mode = force_generic_plan; PREPARE p AS " + statement);
            const Rows rows = sql.query("EXPLAIN EXECUTE p(" + values + ")");
            std::string plan;
            for (std::size_t i = 0; i < rows.size(); ++i) plan += rows[i].text(0) + "\n";
            sql.script("RESET plan_cache_mode; DEALLOCATE p");
            return plan;
        })
        .value();
}

bool mentions(const std::string& plan, const std::string& what) {
    return plan.find(what) != std::string::npos;
}

const std::string some_id = "'019a0000-0000-7000-8000-000000000001'";

}  // namespace

TEST_CASE("the claim walks the partial index in its order, without a sort of the queue") {
    World world;
    fill(world);
    const auto plan =
        generic_plan(world, statements::claim(), "now(), 10, now(), 'w', " + some_id + ", '{}'");
    INFO(plan);
    CHECK(mentions(plan, "Index Scan using jobs_line_idx"));
    CHECK(mentions(plan, "Index Scan using jobs_parked_idx"));
    CHECK(!mentions(plan, "Seq Scan on jobs"));
    CHECK(!mentions(plan, "Seq Scan on operations"));
}

TEST_CASE("the fence finds its job by the primary key") {
    World world;
    fill(world);
    const auto plan = generic_plan(
        world, statements::record(),
        some_id + "," + some_id + ", NULL, 0, '{}', '{}', '{}', '{}', '{}', '{}', '{}'");
    INFO(plan);
    CHECK(mentions(plan, "Index Scan using jobs_pkey"));
    CHECK(!mentions(plan, "Seq Scan on jobs"));
}

TEST_CASE("a transition finds job, operation and bot by their keys") {
    World world;
    fill(world);
    std::string values = "now()";
    for (int i = 2; i <= 41; ++i) values += ", NULL";
    const auto plan = generic_plan(world, statements::apply(), values);
    INFO(plan);
    CHECK(mentions(plan, "Index Scan using jobs_pkey"));
    CHECK(mentions(plan, "using operations_pkey"));
    CHECK(mentions(plan, "using bots_pkey"));
    CHECK(!mentions(plan, "Seq Scan on"));
}

TEST_CASE("what a claim, a transition and an end write is in no index") {
    World world;
    fill(world);
    const auto heap_only = [&](const std::string& change, const std::string& table = "jobs") {
        world.script("SELECT pg_stat_reset(); UPDATE " + table + " SET " + change +
                     "; SELECT pg_stat_force_next_flush()");
        return world.pool
            .run([&](Sql& sql) -> base::Result<bool> {
                return sql
                    .query(
                        "SELECT n_tup_upd >= 550 AND n_tup_hot_upd > n_tup_upd * 0.9 FROM "
                        "pg_stat_user_tables WHERE relname = $1",
                        {table})[0]
                    .boolean(0);
            })
            .value();
    };
    world.script("VACUUM FULL jobs");
    CHECK(
        heap_only("state = 'running', claimed_from = state, lease_token = gen_random_uuid(),"
                  " lease_until = now(), worker_id = 'w', started_at = now(), begun_at = now(),"
                  " blocked_reason = NULL"));
    world.script("VACUUM FULL jobs");
    CHECK(
        heap_only("id = gen_random_uuid(), step = 'stop_bot', claimed_from = 'available',"
                  " failures = 0, rescues = 0, message = 'm', progress = '{}',"
                  " lease_token = gen_random_uuid(), lease_until = now(), created_at = now(),"
                  " started_at = now(), queue_at = queue_at, run_at = run_at"));
    CHECK_FALSE(heap_only("run_at = now()"));
    world.script("VACUUM FULL operations");
    CHECK(
        heap_only("state = 'succeeded', finished_at = now(), started_at = now(), ended_jobs = 'e',"
                  " result = '{}', phase = 'teardown', deadline_at = now(), error = '{}'",
                  "operations"));
}

TEST_CASE("a status and a list of bots read only what they show") {
    World world;
    fill(world);
    const auto status = generic_plan(world, deployment_statement(), some_id + ", NULL");
    INFO(status);
    CHECK(mentions(status, "using bots_pkey"));
    for (const char* table : {"bots", "operations", "jobs"}) {
        CHECK(!mentions(status, std::string("Seq Scan on ") + table));
    }
    const auto list = generic_plan(world, bots_of_statement(), some_id + ", 51, " + some_id);
    INFO(list);
    CHECK(mentions(list, "using bots_user_id_idx"));
}

TEST_CASE("the fleet is read by keys, and each bot's last deploy by an index of its own") {
    World world;
    fill(world);
    const auto plan = generic_plan(world, fleet_statement(), some_id + ", 51");
    INFO(plan);
    CHECK(mentions(plan, "operations_deploys_idx"));
    CHECK(mentions(plan, "using bots_pkey"));
    for (const char* table : {"bots", "operations", "jobs"}) {
        CHECK(!mentions(plan, std::string("Seq Scan on ") + table));
    }
}

TEST_CASE("a search across bots reads the lines of its slice of time, not all") {
    World world;
    fill(world);
    world.script(R"(
        INSERT INTO events (bot_id, seq, at, type, level, stream, message)
        SELECT id, n, now() - make_interval(mins => 200 - n), 'log', 'info', 'stdout', repeat('x', 200)
        FROM generate_series(1, 200) AS n, (SELECT id FROM bots LIMIT 250) AS b ORDER BY n;
        ANALYZE events)");
    // As with values of a real search: the plan of one slice is made for it.
    const auto plan = generic_plan(
        world, search_events_statement(),
        "now() - interval '15 min', now(), NULL, NULL, 'needle', NULL, NULL, NULL, 51");
    INFO(plan);
    CHECK(mentions(plan, "events_at_idx"));
    CHECK(!mentions(plan, "Seq Scan on events"));
}

TEST_CASE("reading an operation's jobs reads no others") {
    World world;
    fill(world);
    const auto plan =
        generic_plan(world, "SELECT * FROM all_jobs WHERE operation_id = $1", some_id);
    INFO(plan);
    CHECK(mentions(plan, "using jobs_pkey"));
    CHECK(mentions(plan, "using operations_pkey"));
    CHECK(!mentions(plan, "Seq Scan on"));
}

TEST_CASE("counting the queue and marking jobs read live operations only") {
    World world;
    fill(world);
    for (const auto& [statement, values] :
         {std::pair{statements::count_queue(), "now(), now()"},
          std::pair{statements::demands(), "now(), now()"},
          std::pair{statements::mark_blocked(), "'{}', '{}', now(), 100"},
          std::pair{statements::unmark_blocked(), "'{}'"},
          std::pair{statements::release_ending(), "now()"}}) {
        const auto plan = generic_plan(world, statement, values);
        INFO(plan);
        CHECK(!mentions(plan, "Seq Scan on operations"));
    }
}

TEST_CASE("the overview of live operations does not read the ended ones") {
    World world;
    fill(world);
    const auto plan =
        generic_plan(world, live_operations_statement(), "true, now(), now(), now(), NULL, 51");
    INFO(plan);
    CHECK(!mentions(plan, "Seq Scan on operations"));
}

}  // namespace hatchery::store
