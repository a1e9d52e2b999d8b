#include "store_under_test.hpp"

namespace hatchery::contract {

TEST_CASE("a finished step hands its worker the next one in the same write") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    ports::Transition advance{.now = at(100),
                              .message = "the server is up",
                              .next_step = core::StepKind::install_dependencies,
                              .keep_next = true,
                              .events = {line("one"), line("two")}};
    const auto applied = store->jobs().apply(claimed, advance);
    REQUIRE(applied);
    REQUIRE(applied.value().accepted);
    REQUIRE(applied->next);
    CHECK(applied->next->job.step == core::StepKind::install_dependencies);
    CHECK(applied->next->job.state == core::JobState::running);
    CHECK(applied->next->job.progress == "{}");
    CHECK(applied->next->lease.until == at(30'100));
    CHECK(applied->next->operation.id == claimed.operation.id);
    CHECK(applied->next->operation.state == core::OperationState::running);

    const auto jobs = store->jobs_of(claimed.operation.id);
    REQUIRE(jobs.size() == 2);
    CHECK(jobs[0].state == core::JobState::succeeded);
    CHECK(jobs[0].message == "the server is up");
    CHECK(jobs[0].finished_at == at(100));
    CHECK(numbers(store->events_of(bot.id)) == std::vector<std::int64_t>{1, 2, 3});
    CHECK(store->jobs().renew({&applied->next->lease, 1}, at(60'000)).value().kept.size() == 1);
    CHECK(store->jobs().claim(claim_at(at(200))).value().empty());
}

TEST_CASE("without keep_next the next step waits for a claim") {
    const auto store = make_store(backends());
    const auto claimed = start_and_claim(*store, store->add_bot());
    ports::Transition advance{.now = at(100), .next_step = core::StepKind::install_dependencies};
    const auto applied = store->jobs().apply(claimed, advance);
    REQUIRE(applied.value().accepted);
    CHECK(!applied->next);
    const auto next = store->jobs().claim(claim_at(at(100)));
    REQUIRE(next.value().size() == 1);
    CHECK(next.value().front().job.step == core::StepKind::install_dependencies);
}

TEST_CASE("an answer is accepted once") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    ports::Transition advance{.now = at(100),
                              .next_step = core::StepKind::install_dependencies,
                              .events = {line("once")}};
    REQUIRE(store->jobs().apply(claimed, advance).value().accepted);
    CHECK(!store->jobs().apply(claimed, advance).value().accepted);
    CHECK(store->jobs_of(claimed.operation.id).size() == 2);
    CHECK(store->events_of(bot.id).size() == 2);
}

TEST_CASE("a retry keeps progress, counts the failure and waits for its time") {
    const auto store = make_store(backends());
    const auto claimed = start_and_claim(*store, store->add_bot());
    ports::Transition retry{.now = at(100),
                            .job_state = core::JobState::available,
                            .run_at = at(5'000),
                            .message = "the provider does not answer",
                            .failures = 1,
                            .progress = R"({"offset": 7,"a":"\u0000"})"};
    REQUIRE(store->jobs().apply(claimed, retry).value().accepted);
    CHECK(store->jobs().claim(claim_at(at(4'999))).value().empty());
    const auto again = store->jobs().claim(claim_at(at(5'000)));
    REQUIRE(again.value().size() == 1);
    CHECK(again.value().front().job.failures == 1);
    CHECK(again.value().front().job.message == "the provider does not answer");
    CHECK(again.value().front().job.progress == R"({"offset": 7,"a":"\u0000"})");
    CHECK(again.value().front().job.started_at == at(0));
}

TEST_CASE("an operation turns to teardown with its error and deadline, and ends failed") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    const base::Error error{.kind = base::ErrorKind::quota_exceeded,
                            .effect = base::Effect::none,
                            .message = "The quota \"servers\" is used up.",
                            .next_action = "Ask for more.",
                            .code = "resource_limit_exceeded"};
    ports::Transition turn{.now = at(100),
                           .job_state = core::JobState::failed,
                           .operation_phase = core::OperationPhase::teardown,
                           .operation_deadline = at(900'000),
                           .operation_error = error,
                           .next_step = core::StepKind::destroy_server,
                           .keep_next = true};
    const auto turned = store->jobs().apply(claimed, turn);
    REQUIRE(turned->next);
    CHECK(turned->next->operation.phase == core::OperationPhase::teardown);
    CHECK(turned->next->operation.deadline_at == at(900'000));

    ports::Transition end{.now = at(200), .operation_end = core::OperationState::failed};
    end.bot.status = core::BotStatus::failed;
    end.bot.reason = error.message;
    REQUIRE(store->jobs().apply(*turned->next, end).value().accepted);
    const auto operation = store->operation(claimed.operation.id);
    CHECK(operation.state == core::OperationState::failed);
    CHECK(operation.finished_at == at(200));
    REQUIRE(operation.error);
    CHECK(operation.error->kind == base::ErrorKind::quota_exceeded);
    CHECK(operation.error->message == error.message);
    CHECK(operation.error->next_action == error.next_action);
    CHECK(operation.error->code == error.code);
    CHECK(store->bot_row(bot.id).status == core::BotStatus::failed);
    CHECK(store->bot_row(bot.id).status_reason == error.message);
    // The bot is free for the next operation.
    CHECK(store->jobs().start_operation(deploy_of(bot)));
}

TEST_CASE("a condition is set and taken away, and stays where a change does not name it") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    auto request = deploy_of(bot);
    request.kind = core::OperationKind::destroy;
    REQUIRE(store->jobs().start_operation(request));
    CHECK(store->bot_row(bot.id).condition == core::BotCondition::deleting);
    const auto claimed = store->jobs().claim(claim_at(at(0))).value().front();
    ports::Transition advance{.now = at(1), .next_step = core::StepKind::remove_webhook};
    advance.bot.reason = "half done";
    REQUIRE(store->jobs().apply(claimed, advance).value().accepted);
    CHECK(store->bot_row(bot.id).condition == core::BotCondition::deleting);
    const auto next = store->jobs().claim(claim_at(at(1))).value().front();
    ports::Transition end{.now = at(2), .operation_end = core::OperationState::failed};
    end.bot.condition = std::optional<core::BotCondition>();
    REQUIRE(store->jobs().apply(next, end).value().accepted);
    CHECK(!store->bot_row(bot.id).condition);
    CHECK(store->bot_row(bot.id).status_reason == "half done");
}

TEST_CASE("lines and the offset that they were read to are written together") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    std::vector<core::NewEvent> lines;
    for (int i = 0; i < 100; ++i) lines.push_back(line("line " + std::to_string(i)));
    lines[3].message = "quotes \" and \\ and {braces}, ünï and \xF0\x9F\xA5\x9A";
    lines[4].message = "";
    lines[5].stream = core::EventStream::err;
    lines[5].level = core::EventLevel::error;
    lines[6].step = std::nullopt;
    REQUIRE(store->jobs().record(claimed.lease, lines, R"({"offset":100})"));
    REQUIRE(store->jobs().record(claimed.lease, {}, R"({"offset":101})"));

    const auto events = store->events_of(bot.id);
    REQUIRE(events.size() == 101);
    CHECK(events.back().seq == 101);
    CHECK(events[1].message == "line 0");
    CHECK(events[4].message == lines[3].message);
    CHECK(events[5].message.empty());
    CHECK(events[6].stream == core::EventStream::err);
    CHECK(events[6].level == core::EventLevel::error);
    CHECK(!events[7].step);
    CHECK(events[8].step == core::StepKind::install_dependencies);
    CHECK(events[8].operation_id == claimed.operation.id);
    CHECK(events[8].at == at(1));
    CHECK(store->jobs_of(claimed.operation.id)[0].progress == R"({"offset":101})");
}

TEST_CASE("a transition that leaves its job running is refused") {
    const auto store = make_store(backends());
    const auto claimed = start_and_claim(*store, store->add_bot());
    CHECK(store->jobs()
              .apply(claimed, {.now = at(1), .job_state = core::JobState::running})
              .error()
              .kind == base::ErrorKind::internal);
    CHECK(store->jobs().renew({&claimed.lease, 1}, at(2)).value().kept.size() == 1);
}

TEST_CASE("a transition that leaves an operation without a job, or with two, is not written") {
    const auto store = make_store(backends());
    const auto claimed = start_and_claim(*store, store->add_bot());
    using core::JobState;
    std::vector<ports::Transition> impossible(4, {.now = at(1)});
    impossible[1].next_step = core::StepKind::start_bot;
    impossible[1].operation_end = core::OperationState::failed;
    impossible[2].job_state = JobState::waiting;
    impossible[2].operation_end = core::OperationState::failed;
    impossible[3].job_state = JobState::available;
    impossible[3].next_step = core::StepKind::start_bot;
    for (const auto& transition : impossible) {
        CHECK(store->jobs().apply(claimed, transition).error().kind == base::ErrorKind::internal);
    }
    CHECK(store->jobs().apply(claimed, end_at(at(2))).value().accepted);
}

TEST_CASE("the jobs behind an operation are told while it lives and after its end") {
    const auto store = make_store(backends());
    const auto claimed = start_and_claim(*store, store->add_bot());
    const auto& id = claimed.operation.id;
    const auto check_first = [&] {
        const auto first = store->jobs_of(id).at(0);
        CHECK(first.id == claimed.job.id);
        CHECK(first.step == core::StepKind::provision_server);
        CHECK(first.state == core::JobState::succeeded);
        CHECK(first.failures == 2);
        CHECK(first.message == "up: \"it\", {is}");
        CHECK(first.created_at == at(0));
        CHECK(first.started_at == at(0));
        CHECK(first.finished_at == at(100));
    };
    const auto next = store->jobs().apply(claimed, {.now = at(100),
                                                    .message = "up: \"it\", {is}",
                                                    .failures = 2,
                                                    .next_step = core::StepKind::stop_bot,
                                                    .keep_next = true});
    check_first();
    const auto live = store->jobs_of(id).at(1);
    CHECK(live.id == next->next->job.id);
    CHECK(live.state == core::JobState::running);
    CHECK(live.failures == 0);
    CHECK(live.created_at == at(100));

    REQUIRE(store->jobs().apply(*next->next, end_at(at(200))).value().accepted);
    check_first();
    REQUIRE(store->jobs_of(id).size() == 2);
    CHECK(store->jobs_of(id)[1].id == live.id);
    CHECK(store->jobs_of(id)[1].finished_at == at(200));
    CHECK(store->operation(id).started_at == at(0));
}

}  // namespace hatchery::contract
