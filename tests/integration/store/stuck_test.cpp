// Every way of being stuck is found, each on a real database, and nothing else is.
#include "store/operation_overview.hpp"
#include "store/pg_queue_monitor.hpp"
#include "store/pg_worker_registry.hpp"
#include "world.hpp"

namespace hatchery::store {

namespace {

using namespace std::chrono_literals;

struct StuckWorld : World {
    std::unique_ptr<OperationOverview> overview = make_operation_overview(pool);

    core::Operation start(base::TimePoint now = at(0)) {
        auto request = deploy_of(add_bot());
        request.now = now;
        return jobs->start_operation(request).value();
    }
    std::vector<LiveOperation> list(Which which, base::TimePoint now) {
        return overview->list(which, {}, now, std::nullopt, 200).value().items;
    }
    /// The reasons of all that are stuck.
    std::vector<core::StuckReason> reasons(base::TimePoint now) {
        std::vector<core::StuckReason> found;
        for (const auto& live : list(Which::stuck, now)) found.push_back(live.stuck.value().reason);
        return found;
    }
};

}  // namespace

TEST_CASE("what goes on is listed and not stuck") {
    StuckWorld world;
    CHECK(world.list(Which::all, at(0)).empty());
    const auto running = world.start(at(0));
    const auto pending = world.start(at(1));
    REQUIRE(world.claim(at(0)).size() == 1);
    const auto all = world.list(Which::all, at(1'000));
    REQUIRE(all.size() == 2);
    CHECK(all[0].operation.id == running.id);
    CHECK(all[1].operation.id == pending.id);
    CHECK(all[0].bot_name == "Ada's bot");
    CHECK(all[0].step == core::StepKind::provision_server);
    CHECK(all[0].operation.state == core::OperationState::running);
    CHECK(all[1].operation.state == core::OperationState::pending);
    CHECK(world.reasons(at(1'000)).empty());
}

TEST_CASE("the list goes page by page") {
    StuckWorld world;
    for (int i = 0; i < 3; ++i) (void)world.start();
    const auto first = world.overview->list(Which::all, {}, at(0), std::nullopt, 2).value();
    REQUIRE(first.items.size() == 2);
    REQUIRE(first.next);
    const auto second = world.overview->list(Which::all, {}, at(0), first.next, 2).value();
    CHECK(second.items.size() == 1);
    CHECK(!second.next);
    CHECK(world.overview->list(Which::all, {}, at(0), "nonsense", 2).error().kind ==
          base::ErrorKind::invalid);
}

TEST_CASE("a job that is due and that nobody takes is stuck after five minutes") {
    StuckWorld world;
    (void)world.start();
    CHECK(world.reasons(at(300'000)).empty());
    CHECK(world.reasons(at(300'001)) == std::vector{core::StuckReason::not_claimed});
}

TEST_CASE("a job whose lease ran out and that nobody rescues is stuck") {
    StuckWorld world;
    (void)world.start();
    REQUIRE(world.claim(at(0)).size() == 1);
    CHECK(world.reasons(at(45'000)).empty());
    const auto found = world.list(Which::stuck, at(45'001));
    REQUIRE(found.size() == 1);
    CHECK(found[0].stuck->reason == core::StuckReason::lease_expired);
    CHECK(found[0].stuck->worker_id == "worker-1");
    CHECK(found[0].stuck->lease_until == at(30'000));
    REQUIRE(world.jobs->rescue(at(45'001)));
    CHECK(world.reasons(at(45'002)).empty());
}

TEST_CASE("an operation that is past its deadline is stuck, also while a worker holds it") {
    StuckWorld world;
    (void)world.start();
    const auto claimed = world.claim(at(3'590'000));
    REQUIRE(world.jobs->renew(std::vector{claimed[0].lease}, at(4'000'000)));
    CHECK(world.reasons(at(3'660'000)).empty());
    CHECK(world.reasons(at(3'660'001)) == std::vector{core::StuckReason::past_deadline});
}

TEST_CASE("a job that is marked as blocked is stuck, with its reason") {
    StuckWorld world;
    auto request = world.deploy_of(world.add_bot());
    request.requirements = R"({"region": "nbg1"})";
    REQUIRE(world.jobs->start_operation(request));
    auto monitor = make_pg_queue_monitor(world.pool, world.hints);
    const std::vector<ports::BlockedDemand> blocked{
        {.requirements = R"({"region": "nbg1"})", .reason = "No worker has region nbg1."}};
    REQUIRE(monitor->mark_blocked(blocked, at(0)).value() == 1);
    const auto found = world.list(Which::stuck, at(1));
    REQUIRE(found.size() == 1);
    CHECK(found[0].stuck->reason == core::StuckReason::blocked);
    CHECK(core::describe(*found[0].stuck).cause == "No worker has region nbg1.");
    CHECK(found[0].message == "No worker has region nbg1.");
}

TEST_CASE("an operation that has ended is neither live nor stuck") {
    StuckWorld world;
    (void)world.start();
    const auto claimed = world.claim(at(0));
    REQUIRE(world.jobs->apply(claimed[0], {.now = at(1),
                                           .job_state = core::JobState::failed,
                                           .operation_end = core::OperationState::failed}));
    CHECK(world.list(Which::all, at(10'000'000)).empty());
    CHECK(world.reasons(at(10'000'000)).empty());
}

}  // namespace hatchery::store
