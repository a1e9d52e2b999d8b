#include <algorithm>

#include "store/operation_overview.hpp"
#include "store/pg_queue_monitor.hpp"
#include "store/pg_worker_registry.hpp"
#include "store/queue_statements.hpp"
#include "world.hpp"

namespace hatchery::store {

namespace {

const std::string nbg = R"({"region": "nbg1"})";
const std::string fsn = R"({"region": "fsn1"})";

struct QueueWorld : World {
    std::unique_ptr<ports::QueueMonitor> queue = make_pg_queue_monitor(pool, hints);
    std::unique_ptr<ports::WorkerRegistry> registry = make_pg_worker_registry(pool);

    core::Operation start(const std::string& requirements = "{}") {
        auto request = deploy_of(add_bot());
        request.requirements = requirements;
        return jobs->start_operation(request).value();
    }
    core::Worker worker(const std::string& id, const std::string& capabilities = "{}") {
        return {.id = base::WorkerId(id),
                .host = "h",
                .version = "1",
                .capabilities = capabilities,
                .slots = 4,
                .max_slots = 8,
                .busy = 1,
                .started_at = at(0),
                .heartbeat_at = at(0)};
    }
    void beat(const core::Worker& row) { REQUIRE(registry->beat(row)); }
    core::QueueStatus count(long long now_ms) { return queue->count(at(now_ms), at(0)).value(); }
    /// The first step of the operation as a user sees it.
    std::string message(const core::Operation& operation) {
        return operations->find(operation.id, std::nullopt).value().steps.at(0).message;
    }
    std::vector<std::string> story(const core::Operation& operation) {
        return texts("SELECT message FROM events WHERE bot_id = '" + operation.bot_id.text() +
                     "' AND level = 'warning' ORDER BY seq");
    }
};

std::string unmet(const std::vector<ports::Demand>& demands) {
    std::string text;
    for (const auto& demand : demands) {
        if (!demand.met) text += demand.requirements + ";";
    }
    return text;
}

}  // namespace

TEST_CASE("the count tells due, waiting, running and blocked jobs apart") {
    QueueWorld world;
    const auto empty = world.count(0);
    CHECK(empty.due + empty.waiting + empty.running + empty.blocked == 0);
    CHECK(!empty.oldest_due_at);
    for (int i = 0; i < 5; ++i) (void)world.start();
    (void)world.start(nbg);
    REQUIRE(world.queue->mark_blocked(std::vector<ports::BlockedDemand>{{nbg, "No."}}, at(0)));
    const auto claimed = world.claim(at(0), 3);
    REQUIRE(claimed.size() == 3);
    REQUIRE(world.jobs->apply(
        claimed[0], {.now = at(1), .job_state = core::JobState::waiting, .run_at = at(60'000)}));
    REQUIRE(world.jobs->apply(
        claimed[1], {.now = at(1), .job_state = core::JobState::waiting, .run_at = at(5'000)}));
    const auto status = world.count(10'000);
    CHECK(status.at == at(10'000));
    CHECK(status.due == 3);
    CHECK(status.waiting == 1);
    CHECK(status.running == 1);
    CHECK(status.blocked == 1);
    CHECK(status.oldest_due_at == at(0));
    CHECK(core::oldest_age(status) == std::chrono::seconds(10));
}

TEST_CASE("workers count while they are heard, have threads and do not drain") {
    QueueWorld world;
    world.beat(world.worker("w1"));
    world.beat(world.worker("w2"));
    auto draining = world.worker("w3");
    draining.draining = true;
    world.beat(draining);
    auto api_only = world.worker("w4");
    api_only.slots = 0;
    world.beat(api_only);
    auto silent = world.worker("w5");
    silent.heartbeat_at = at(-1);
    world.beat(silent);
    const auto status = world.count(0);
    CHECK(status.workers == 2);
    CHECK(status.slots == 8);
    CHECK(status.max_slots == 16);
    CHECK(status.busy == 2);
}

TEST_CASE("what was published comes back with every heartbeat") {
    QueueWorld world;
    (void)world.start();
    auto status = world.count(2'000);
    status.desired_workers = 7;
    CHECK(world.registry->beat(world.worker("w1")).value() == std::nullopt);
    REQUIRE(world.queue->publish(status));
    CHECK(world.registry->beat(world.worker("w1")).value() == status);
    // Who leads next goes on from there, unless it was long ago.
    CHECK(world.count(200'000).desired_workers == 7);
    CHECK(world.count(400'000).desired_workers == 0);
    status.due = 9;
    REQUIRE(world.queue->publish(status));
    CHECK(world.registry->beat(world.worker("w2")).value() == status);
}

TEST_CASE("a transaction that stays open is seen with its age") {
    QueueWorld world;
    CHECK(world.count(0).oldest_transaction < std::chrono::seconds(5));
    const auto other = world.pool.open_dedicated().value();
    other->script("BEGIN");
    (void)other->query("SELECT 1");
    // The age is the database's own, so the test asks for its beginning instead of waiting.
    const auto open = world.texts(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()");
    CHECK(open == std::vector<std::string>{"1"});
    CHECK(world.count(0).oldest_transaction >= std::chrono::seconds(0));
    other->script("ROLLBACK");
}

TEST_CASE("a demand is met by a live worker that offers it, and by no other") {
    QueueWorld world;
    const auto demands = [&] { return world.queue->demands(at(0), at(0)).value(); };
    CHECK(demands().empty());
    (void)world.start();
    CHECK(unmet(demands()) == "{};");
    (void)world.start(nbg);
    (void)world.start(nbg);
    world.beat(world.worker("w1", fsn));
    CHECK(unmet(demands()) == nbg + ";");
    auto other = world.worker("w2", nbg);
    other.draining = true;
    world.beat(other);
    CHECK(unmet(demands()) == nbg + ";");
    other.draining = false;
    world.beat(other);
    CHECK(unmet(demands()).empty());
    CHECK(world.queue->offers(at(0)).value().size() == 2);
    CHECK(world.queue->offers(at(1)).value().empty());
}

TEST_CASE("a blocked job shows its reason, and its bot is told once") {
    QueueWorld world;
    const auto operation = world.start(nbg);
    const auto other = world.start(fsn);
    const auto mark = [&](const std::string& reason) {
        return world.queue->mark_blocked(std::vector<ports::BlockedDemand>{{nbg, reason}}, at(5))
            .value();
    };
    CHECK(mark("No worker has it.") == 1);
    CHECK(mark("No worker has it.") == 0);
    CHECK(world.message(operation) == "No worker has it.");
    CHECK(world.message(other).empty());
    CHECK(mark("Still no worker has it.") == 0);
    CHECK(world.message(operation) == "Still no worker has it.");
    CHECK(world.story(operation) == std::vector<std::string>{"No worker has it."});
    CHECK(world.story(other).empty());
    // Events stay numbered without gaps.
    CHECK(world.texts("SELECT count(*) FROM events e JOIN bots b ON b.id = e.bot_id WHERE e.seq > "
                      "b.last_event_seq") == std::vector<std::string>{"0"});
}

TEST_CASE("the mark goes when somebody can run the job") {
    QueueWorld world;
    const auto operation = world.start(nbg);
    REQUIRE(world.queue->mark_blocked(std::vector<ports::BlockedDemand>{{nbg, "No."}}, at(0)));
    REQUIRE(world.queue->mark_blocked(std::vector<ports::BlockedDemand>{{fsn, "No."}}, at(0)));
    CHECK(world.message(operation).empty());
    CHECK(world.count(0).blocked == 0);
    CHECK(world.count(0).due == 1);
}

TEST_CASE("claims pass over what is marked until the mark goes, and then somebody is told") {
    QueueWorld world;
    (void)world.start(nbg);
    const auto claim = [&] {
        return world.jobs
            ->claim({.worker = base::WorkerId("w"), .limit = 9, .now = at(1), .capabilities = nbg})
            .value()
            .size();
    };
    const std::vector<ports::BlockedDemand> blocked{{nbg, "No."}};
    REQUIRE(world.queue->mark_blocked(blocked, at(0)).value() == 1);
    CHECK(claim() == 0);
    CHECK_FALSE(world.jobs->next_due(nbg).value().has_value());
    REQUIRE(world.queue->mark_blocked({}, at(0)));
    CHECK(world.jobs->next_due(nbg).value() == at(0));
    CHECK(claim() == 1);
}

TEST_CASE("without any worker jobs that are due are marked, others are not") {
    QueueWorld world;
    const auto due = world.start();
    const auto later = world.start();
    world.script(
        "UPDATE jobs SET in_line = false, run_at = '2026-03-01T11:00:00Z' WHERE operation_id = '" +
        later.id.text() + "'");
    const std::vector<ports::BlockedDemand> everything{{"{}", "No worker is running."}};
    CHECK(world.queue->mark_blocked(everything, at(1)).value() == 1);
    CHECK(world.message(due) == "No worker is running.");
    CHECK(world.message(later).empty());
}

TEST_CASE("marking waits for nobody: a bot that is being written is told the next time") {
    QueueWorld world;
    const auto operation = world.start(nbg);
    const std::vector<ports::BlockedDemand> blocked{{nbg, "No."}};
    const auto other = world.pool.open_dedicated().value();
    other->script("BEGIN");
    (void)other->query("SELECT 1 FROM bots WHERE id = $1 FOR UPDATE", {operation.bot_id});
    CHECK(world.queue->mark_blocked(blocked, at(0)).value() == 0);
    other->script("ROLLBACK");
    CHECK(world.queue->mark_blocked(blocked, at(0)).value() == 1);
}

TEST_CASE(
    "a blocked job of an operation that was cancelled or is late can be ended by any worker") {
    QueueWorld world;
    const auto cancelled = world.start(nbg);
    const auto late = world.start(nbg);
    const std::vector<ports::BlockedDemand> blocked{{nbg, "No."}};
    REQUIRE(world.queue->mark_blocked(blocked, at(0)).value() == 2);
    CHECK(world.queue->release_ending(at(0)).value() == 0);
    CHECK(world.claim(at(0), 10).empty());
    REQUIRE(world.jobs->request_cancel(cancelled.id, at(1)));
    CHECK(world.queue->release_ending(at(1)).value() == 1);
    const auto claimed = world.claim(at(1), 10);
    REQUIRE(claimed.size() == 1);
    CHECK(claimed[0].operation.id == cancelled.id);
    CHECK(claimed[0].operation.cancel_requested);
    CHECK(world.queue->release_ending(late.deadline_at).value() == 1);
    CHECK(world.claim(late.deadline_at, 10).size() == 1);
}

}  // namespace hatchery::store
