#include "core/decide.hpp"

#include "core/cloud_budget.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using core::OperationPhase;
using core::OperationState;
using core::StepKind;

const base::TimePoint start{std::chrono::hours(24 * 20'000)};

core::Operation operation(OperationKind kind, OperationPhase phase = OperationPhase::forward) {
    core::Operation result;
    result.kind = kind;
    result.phase = phase;
    result.state = OperationState::running;
    result.created_at = start;
    result.deadline_at = start + 30min;
    return result;
}

core::Job job(StepKind step, int failures = 0) {
    core::Job result;
    result.step = step;
    result.failures = failures;
    return result;
}

base::Error error(base::ErrorKind kind) {
    return {.kind = kind, .message = "It broke.", .next_action = "Mend it."};
}

core::Decision decide(const core::Operation& op, const core::Job& j,
                      const core::StepOutcome& outcome, base::TimePoint now = start + 1min) {
    return core::decide({.operation = op, .job = j, .now = now, .retry = {}, .jitter = 0.0},
                        outcome);
}

}  // namespace

TEST_CASE("a step that succeeded is followed by the next one of its operation") {
    const auto decision = decide(operation(OperationKind::deploy), job(StepKind::provision_server),
                                 core::Succeeded{"done"});
    REQUIRE(std::get<core::Advance>(decision).next == StepKind::install_dependencies);
}

TEST_CASE("a request that waits for its provider's budget is a wait and no failure") {
    auto refused = error(base::ErrorKind::rate_limited);
    refused.code = core::code_request_budget;
    refused.retry_after = 7s;
    const auto decision = decide(operation(OperationKind::deploy),
                                 job(StepKind::provision_server, 7), core::Failed{refused});
    CHECK(std::get<core::Snooze>(decision).until == start + 1min + 7s);
    CHECK(std::get<core::Snooze>(decision).why == "It broke.");
}

TEST_CASE("the last step ends its operation") {
    const auto decision = decide(operation(OperationKind::deploy), job(StepKind::start_bot),
                                 core::Succeeded{"answers"});
    REQUIRE(std::get<core::Finish>(decision).state == OperationState::succeeded);
}

TEST_CASE("the end of a teardown is the end that began it") {
    auto op = operation(OperationKind::deploy, OperationPhase::teardown);
    op.error = error(base::ErrorKind::unavailable);
    auto decision = decide(op, job(StepKind::remove_webhook), core::Succeeded{});
    REQUIRE(std::get<core::Finish>(decision).state == OperationState::failed);

    op.error = error(base::ErrorKind::cancelled);
    decision = decide(op, job(StepKind::remove_webhook), core::Succeeded{});
    REQUIRE(std::get<core::Finish>(decision).state == OperationState::cancelled);
}

TEST_CASE("waiting costs no attempt and never passes the deadline") {
    const auto op = operation(OperationKind::deploy);
    const auto decision =
        decide(op, job(StepKind::provision_server),
               core::Waiting{.until = start + 2h, .signal = "server:1", .why = "booting"});
    const auto& snooze = std::get<core::Snooze>(decision);
    REQUIRE(snooze.until == op.deadline_at);
    REQUIRE(snooze.signal == "server:1");
}

TEST_CASE(
    "an error that may pass is tried again, one that will not ends the deploy by a teardown") {
    const auto op = operation(OperationKind::deploy);
    for (const auto& [kind, name] : base::EnumNames<base::ErrorKind>::names) {
        INFO(name);
        const auto decision =
            decide(op, job(StepKind::provision_server), core::Failed{error(kind)});
        if (core::is_retryable(kind)) {
            REQUIRE(std::holds_alternative<core::Retry>(decision));
        } else {
            const auto& teardown = std::get<core::TearDown>(decision);
            REQUIRE(teardown.first == StepKind::destroy_server);
            REQUIRE(teardown.ending == OperationState::failed);
            REQUIRE(teardown.error.message == "It broke.");
        }
    }
}

TEST_CASE("the last allowed failure ends the step") {
    const core::RetryPolicy policy;
    const auto op = operation(OperationKind::deploy);
    const auto failed = core::Failed{error(base::ErrorKind::unavailable)};
    REQUIRE(std::holds_alternative<core::Retry>(
        decide(op, job(StepKind::provision_server, policy.max_failures - 2), failed)));
    REQUIRE(std::holds_alternative<core::TearDown>(
        decide(op, job(StepKind::provision_server, policy.max_failures - 1), failed)));
}

TEST_CASE("being told to wait never uses up a step's tries") {
    const auto decision =
        decide(operation(OperationKind::deploy), job(StepKind::provision_server, 100),
               core::Failed{error(base::ErrorKind::rate_limited)});
    REQUIRE(std::holds_alternative<core::Retry>(decision));
}

TEST_CASE("what removes billed things goes on until its deadline") {
    const auto failed = core::Failed{error(base::ErrorKind::unavailable)};
    const auto destroy = operation(OperationKind::destroy);
    REQUIRE(std::holds_alternative<core::Retry>(
        decide(destroy, job(StepKind::destroy_server, 500), failed)));
    REQUIRE(std::holds_alternative<core::GiveUp>(
        decide(destroy, job(StepKind::destroy_server, 500), failed, start + 31min)));
}

TEST_CASE("a retry that would come after the deadline is not waited for") {
    auto op = operation(OperationKind::deploy);
    op.deadline_at = start + 61s;
    auto slow = error(base::ErrorKind::rate_limited);
    slow.retry_after = 5min;
    const auto decision = decide(op, job(StepKind::provision_server), core::Failed{slow});
    REQUIRE(std::get<core::TearDown>(decision).ending == OperationState::failed);
}

TEST_CASE("a restart that fails keeps its server") {
    const auto decision = decide(operation(OperationKind::restart), job(StepKind::start_bot),
                                 core::Failed{error(base::ErrorKind::invalid)});
    REQUIRE(std::get<core::GiveUp>(decision).ending == OperationState::failed);
}

TEST_CASE("a cancelled operation turns back instead of going on") {
    auto op = operation(OperationKind::deploy);
    op.cancel_requested = true;
    const core::StepOutcome outcomes[] = {
        core::Succeeded{}, core::Waiting{.until = start + 5min, .signal = {}, .why = {}},
        core::Failed{error(base::ErrorKind::unavailable)}};
    for (const auto& outcome : outcomes) {
        const auto decision = decide(op, job(StepKind::deploy_openclaw), outcome);
        REQUIRE(std::get<core::TearDown>(decision).ending == OperationState::cancelled);
    }
    const auto before = core::decide_before_run(
        {.operation = op, .job = job(StepKind::deploy_openclaw), .now = start, .retry = {}});
    REQUIRE(std::get<core::TearDown>(*before).ending == OperationState::cancelled);
}

TEST_CASE("a cancel that comes after the last step has succeeded is too late") {
    auto op = operation(OperationKind::deploy);
    op.cancel_requested = true;
    const auto decision = decide(op, job(StepKind::start_bot), core::Succeeded{});
    REQUIRE(std::get<core::Finish>(decision).state == OperationState::succeeded);
}

TEST_CASE("a second cancel does not stop a teardown") {
    auto op = operation(OperationKind::deploy, OperationPhase::teardown);
    op.cancel_requested = true;
    op.error = error(base::ErrorKind::cancelled);
    const auto decision = decide(op, job(StepKind::destroy_server), core::Succeeded{});
    REQUIRE(std::get<core::Advance>(decision).next == StepKind::remove_webhook);
}

TEST_CASE("past its deadline an operation fails with what it was at") {
    const auto op = operation(OperationKind::deploy);
    auto current = job(StepKind::provision_server);
    current.message = "waiting for the server to boot";
    const auto decision = core::decide_before_run(
        {.operation = op, .job = current, .now = start + 30min, .retry = {}});
    const auto& teardown = std::get<core::TearDown>(*decision);
    REQUIRE(teardown.error.kind == base::ErrorKind::timeout);
    REQUIRE_THAT(teardown.error.message,
                 Catch::Contains("30 min") && Catch::Contains("waiting for the server to boot"));
    REQUIRE(teardown.deadline == start + 45min);
}

TEST_CASE("a step that ends its worker again and again is given up") {
    auto current = job(StepKind::deploy_openclaw);
    current.rescues = 21;
    const auto decision = core::decide_before_run(
        {.operation = operation(OperationKind::deploy), .job = current, .now = start, .retry = {}});
    REQUIRE(std::get<core::TearDown>(*decision).error.kind == base::ErrorKind::internal);
}

TEST_CASE("whoever reads why an operation failed reads what to do, whoever failed it") {
    core::Failed silent{{.kind = base::ErrorKind::invalid, .message = "It is locked."}};
    const auto gave_up = decide(operation(OperationKind::stop), job(StepKind::stop_bot), silent);
    REQUIRE_FALSE(std::get<core::GiveUp>(gave_up).error.next_action.empty());
    const auto turned = decide(operation(OperationKind::deploy), job(StepKind::start_bot), silent);
    REQUIRE_FALSE(std::get<core::TearDown>(turned).error.next_action.empty());
    const auto kept =
        decide(operation(OperationKind::destroy), job(StepKind::destroy_server), silent);
    REQUIRE_THAT(std::get<core::GiveUp>(kept).error.next_action,
                 Catch::Contains("goes on deleting"));
    const auto own = decide(operation(OperationKind::stop), job(StepKind::stop_bot),
                            core::Failed{error(base::ErrorKind::invalid)});
    REQUIRE(std::get<core::GiveUp>(own).error.next_action == "Mend it.");
}
