#include "store_under_test.hpp"

namespace hatchery::contract {

TEST_CASE("a claim leases the job and sets job and operation running") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    CHECK(claimed.job.state == core::JobState::running);
    CHECK(claimed.job.started_at == at(0));
    CHECK(claimed.lease.until == at(30'000));
    CHECK(!claimed.lease.token.empty());
    CHECK(claimed.operation.state == core::OperationState::running);
    const auto operation = store->operation(claimed.operation.id);
    CHECK(operation.state == core::OperationState::running);
    CHECK(operation.started_at == at(0));
    CHECK(store->jobs().claim(claim_at(at(1))).value().empty());
}

TEST_CASE("jobs are claimed by priority, the oldest first within it") {
    const auto store = make_store(backends());
    const auto low = store->add_bot();
    const auto old = store->add_bot();
    const auto fresh = store->add_bot();
    REQUIRE(store->jobs().start_operation(deploy_of(low, 0)));
    auto later = deploy_of(fresh, 5);
    later.now = at(2);
    REQUIRE(store->jobs().start_operation(later));
    REQUIRE(store->jobs().start_operation(deploy_of(old, 5)));

    const auto claimed = store->jobs().claim(claim_at(at(10), 10));
    REQUIRE(claimed.value().size() == 3);
    CHECK((*claimed)[0].job.bot_id == old.id);
    CHECK((*claimed)[1].job.bot_id == fresh.id);
    CHECK((*claimed)[2].job.bot_id == low.id);
}

TEST_CASE("a claim takes no more than its limit, and nothing before its time") {
    const auto store = make_store(backends());
    for (int i = 0; i < 3; ++i) REQUIRE(store->jobs().start_operation(deploy_of(store->add_bot())));
    auto future = deploy_of(store->add_bot());
    future.now = at(5'000);
    REQUIRE(store->jobs().start_operation(future));
    CHECK(store->jobs().claim(claim_at(at(0), 2)).value().size() == 2);
    CHECK(store->jobs().claim(claim_at(at(0), 10)).value().size() == 1);
    CHECK(store->jobs().next_due("{}").value() == at(5'000));
    CHECK(store->jobs().claim(claim_at(at(5'000), 10)).value().size() == 1);
    CHECK(!store->jobs().next_due("{}").value().has_value());
}

TEST_CASE("an expired lease is rescued, counted, and its holder can write no more") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto stale = start_and_claim(*store, bot);
    CHECK(store->jobs().rescue(at(30'000)).value() == 0);
    CHECK(store->jobs().rescue(at(30'001)).value() == 1);

    CHECK(store->jobs().renew({&stale.lease, 1}, at(60'000)).value().kept.empty());
    CHECK(!store->jobs().apply(stale, end_at(at(30'002))).value().accepted);
    const auto event = line("too late");
    CHECK(store->jobs().record(stale.lease, {&event, 1}, std::nullopt).error().kind ==
          base::ErrorKind::conflict);

    const auto again = store->jobs().claim(claim_at(at(30'002)));
    REQUIRE(again.value().size() == 1);
    CHECK(again.value().front().job.rescues == 1);
    CHECK(again.value().front().job.failures == 0);
    CHECK(again.value().front().lease.token != stale.lease.token);
    // The next holder's lease does not open for the old token either.
    CHECK(!store->jobs().apply(stale, end_at(at(30'003))).value().accepted);
    CHECK(store->events_of(bot.id).size() == 1);
}

TEST_CASE("a renewed lease is not rescued") {
    const auto store = make_store(backends());
    const auto claimed = start_and_claim(*store, store->add_bot());
    const auto renewed = store->jobs().renew({&claimed.lease, 1}, at(60'000));
    CHECK(renewed.value().kept.size() == 1);
    CHECK(renewed->cancelled.empty());
    CHECK(store->jobs().rescue(at(45'000)).value() == 0);
}

TEST_CASE("a job given back is as it was, and counts nothing") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    REQUIRE(store->jobs().give_back({&claimed.lease, 1}, at(10)));
    auto jobs = store->jobs_of(claimed.operation.id);
    CHECK(jobs[0].state == core::JobState::available);
    CHECK(jobs[0].rescues == 0);
    CHECK(jobs[0].failures == 0);

    const auto again = store->jobs().claim(claim_at(at(20)));
    REQUIRE(again.value().size() == 1);
    ports::Transition snooze{.now = at(30),
                             .job_state = core::JobState::waiting,
                             .run_at = at(40),
                             .signal = "server-up"};
    REQUIRE(store->jobs().apply(again.value().front(), snooze).value().accepted);
    const auto third = store->jobs().claim(claim_at(at(50)));
    REQUIRE(third.value().size() == 1);
    REQUIRE(store->jobs().give_back({&third.value().front().lease, 1}, at(60)));
    jobs = store->jobs_of(claimed.operation.id);
    CHECK(jobs[0].state == core::JobState::waiting);
    CHECK(jobs[0].signal == "server-up");
    CHECK(store->operation(claimed.operation.id).state == core::OperationState::waiting);
}

TEST_CASE("a signal brings forward the jobs that wait for it, and no other") {
    const auto store = make_store(backends());
    for (const std::string signal : {"server-1", "server-2"}) {
        const auto claimed = start_and_claim(*store, store->add_bot());
        ports::Transition snooze{.now = at(1),
                                 .job_state = core::JobState::waiting,
                                 .run_at = at(100'000),
                                 .signal = signal};
        REQUIRE(store->jobs().apply(claimed, snooze).value().accepted);
    }
    CHECK(store->jobs().raise("server-1", at(50)).value() == 1);
    CHECK(store->jobs().raise("server-1", at(51)).value() == 0);
    CHECK(store->jobs().raise("nobody", at(50)).value() == 0);
    const auto claimed = store->jobs().claim(claim_at(at(50), 10));
    REQUIRE(claimed.value().size() == 1);
    CHECK(claimed.value().front().job.signal == "server-1");
}

}  // namespace hatchery::contract
