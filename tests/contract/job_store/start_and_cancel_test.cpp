#include "store_under_test.hpp"

namespace hatchery::contract {

TEST_CASE("starting an operation makes its first job, changes the bot and tells it") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto operation = store->jobs().start_operation(deploy_of(bot));
    REQUIRE(operation);
    CHECK(operation->state == core::OperationState::pending);
    CHECK(operation->deadline_at == at(3'600'000));

    const auto jobs = store->jobs_of(operation->id);
    REQUIRE(jobs.size() == 1);
    CHECK(jobs[0].step == core::StepKind::provision_server);
    CHECK(jobs[0].state == core::JobState::available);
    CHECK(store->bot_row(bot.id).status == core::BotStatus::deploying);

    const auto events = store->events_of(bot.id);
    REQUIRE(events.size() == 1);
    CHECK(events[0].seq == 1);
    CHECK(events[0].type == core::EventType::status);
    CHECK(events[0].operation_id == operation->id);
    CHECK(events[0].data.find("deploying") != std::string::npos);
}

TEST_CASE("an operation has the id that was chosen for it, and its request's id at the claim") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    auto wanted = deploy_of(bot);
    wanted.id = base::OperationId("019a0000-0000-7000-8000-000000000001");
    wanted.request_id = "req-1";
    REQUIRE(store->jobs().start_operation(wanted).value().id == wanted.id);
    const auto claimed = store->jobs().claim(claim_at(at(20)));
    REQUIRE(claimed.value().size() == 1);
    CHECK(claimed.value().front().operation.id == wanted.id);
    CHECK(claimed.value().front().operation.request_id == "req-1");
}

TEST_CASE("a bot has one live operation, the refusal names it") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto first = store->jobs().start_operation(deploy_of(bot));
    REQUIRE(first);
    const auto second = store->jobs().start_operation(deploy_of(bot));
    REQUIRE(!second);
    CHECK(second.error().kind == base::ErrorKind::conflict);
    CHECK(second.error().code == first->id.text());
    CHECK(store->events_of(bot.id).size() == 1);
}

TEST_CASE("an operation that the bot's state forbids is refused with a sentence") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    auto request = deploy_of(bot);
    request.kind = core::OperationKind::restart;
    const auto refused = store->jobs().start_operation(request);
    REQUIRE(!refused);
    CHECK(refused.error().kind == base::ErrorKind::conflict);
    CHECK(refused.error().code.empty());
    CHECK(!refused.error().message.empty());
}

TEST_CASE("an operation that is meant for other settings is refused, and changes nothing") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    auto request = deploy_of(bot);
    request.if_settings_version = bot.settings_version + 1;
    const auto refused = store->jobs().start_operation(request);
    REQUIRE(!refused);
    CHECK(refused.error().kind == base::ErrorKind::conflict);
    CHECK(refused.error().code == "other_version");
    CHECK(store->events_of(bot.id).empty());
    request.if_settings_version = bot.settings_version;
    CHECK(store->jobs().start_operation(request));
    // Also of a bot that is busy: what was meant is not there any more.
    request.if_settings_version = bot.settings_version + 1;
    CHECK(store->jobs().start_operation(request).error().code == "other_version");
}

TEST_CASE("an operation for a bot that does not exist is not found") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    auto request = deploy_of(bot);
    request.bot_id = base::BotId("00000000-0000-7000-8000-000000000000");
    CHECK(store->jobs().start_operation(request).error().kind == base::ErrorKind::not_found);
    request.bot_id = base::BotId("nonsense");
    CHECK(store->jobs().start_operation(request).error().kind == base::ErrorKind::not_found);
}

TEST_CASE("a cancel marks the operation and brings its snoozed job forward") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    ports::Transition snooze{
        .now = at(10), .job_state = core::JobState::waiting, .run_at = at(600'000)};
    REQUIRE(store->jobs().apply(claimed, snooze).value().accepted);
    REQUIRE(store->jobs().claim(claim_at(at(20))).value().empty());

    REQUIRE(store->jobs().request_cancel(claimed.operation.id, at(30)));
    const auto again = store->jobs().claim(claim_at(at(30)));
    REQUIRE(again.value().size() == 1);
    CHECK(again.value().front().operation.cancel_requested);
}

TEST_CASE("a cancel that comes while a job runs is seen by renew, and by the snooze after it") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    REQUIRE(store->jobs().request_cancel(claimed.operation.id, at(5)));

    const auto renewed = store->jobs().renew({&claimed.lease, 1}, at(60'000));
    REQUIRE(renewed);
    CHECK(renewed.value().kept == std::vector{claimed.job.id});
    CHECK(renewed->cancelled == std::vector{claimed.job.id});

    ports::Transition snooze{
        .now = at(10), .job_state = core::JobState::waiting, .run_at = at(600'000)};
    REQUIRE(store->jobs().apply(claimed, snooze).value().accepted);
    CHECK(store->jobs().claim(claim_at(at(11))).value().size() == 1);
}

TEST_CASE("an operation that has ended cannot be cancelled, and an unknown one is not found") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    ports::Transition end{.now = at(10), .operation_end = core::OperationState::succeeded};
    REQUIRE(store->jobs().apply(claimed, end).value().accepted);
    CHECK(store->jobs().request_cancel(claimed.operation.id, at(20)).error().kind ==
          base::ErrorKind::conflict);
    CHECK(store->jobs()
              .request_cancel(base::OperationId("00000000-0000-7000-8000-000000000000"), at(20))
              .error()
              .kind == base::ErrorKind::not_found);
}

TEST_CASE("a cancel of what turns back already hurries nothing") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto kind = GENERATE(base::ErrorKind::cancelled, base::ErrorKind::invalid);
    const auto claimed = start_and_claim(*store, bot);
    ports::Transition teardown{.now = at(10), .job_state = core::JobState::failed};
    teardown.operation_phase = core::OperationPhase::teardown;
    teardown.operation_error = base::Error{.kind = kind, .message = "It ends."};
    teardown.next_step = core::StepKind::destroy_server;
    REQUIRE(store->jobs().apply(claimed, teardown).value().accepted);
    const auto removing = store->jobs().claim(claim_at(at(20))).value();
    REQUIRE(removing.size() == 1);

    const auto again = store->jobs().request_cancel(claimed.operation.id, at(25));
    CHECK(again.has_value() == (kind == base::ErrorKind::cancelled));
    ports::Transition snooze{
        .now = at(30), .job_state = core::JobState::waiting, .run_at = at(600'000)};
    REQUIRE(store->jobs().apply(removing.front(), snooze).value().accepted);
    CHECK(store->jobs().claim(claim_at(at(40))).value().empty());
}

TEST_CASE("what turns back because of a cancel keeps its pauses") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    REQUIRE(store->jobs().request_cancel(claimed.operation.id, at(5)));
    ports::Transition teardown{.now = at(10), .job_state = core::JobState::failed};
    teardown.operation_phase = core::OperationPhase::teardown;
    teardown.operation_error =
        base::Error{.kind = base::ErrorKind::cancelled, .message = "It was cancelled."};
    teardown.next_step = core::StepKind::destroy_server;
    REQUIRE(store->jobs().apply(claimed, teardown).value().accepted);
    const auto removing = store->jobs().claim(claim_at(at(20))).value();
    REQUIRE(removing.size() == 1);
    CHECK(removing.front().operation.cancel_requested);

    const auto state = GENERATE(core::JobState::waiting, core::JobState::available);
    ports::Transition again{.now = at(30), .job_state = state, .run_at = at(600'000)};
    again.failures = state == core::JobState::available ? 1 : 0;
    REQUIRE(store->jobs().apply(removing.front(), again).value().accepted);
    CHECK(store->jobs().claim(claim_at(at(40))).value().empty());
    CHECK(store->jobs().claim(claim_at(at(600'000))).value().size() == 1);
}

TEST_CASE("a destroy cannot be cancelled") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    auto request = deploy_of(bot);
    request.kind = core::OperationKind::destroy;
    const auto operation = store->jobs().start_operation(request);
    REQUIRE(operation);
    CHECK(store->jobs().request_cancel(operation->id, at(1)).error().kind ==
          base::ErrorKind::conflict);
}

}  // namespace hatchery::contract
