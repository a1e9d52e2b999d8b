#include "engine/transition.hpp"

#include <algorithm>

#include "base/json_value.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::JobState;
using core::OperationState;
using core::StepKind;

const base::TimePoint now{std::chrono::hours(24 * 20'000)};

ports::ClaimedJob claimed(core::OperationKind kind, StepKind step) {
    ports::ClaimedJob job;
    job.operation.id = base::OperationId("op");
    job.operation.kind = kind;
    job.operation.state = OperationState::running;
    job.job.step = step;
    job.job.failures = 2;
    job.job.message = "earlier";
    return job;
}

ports::Transition transition(const ports::ClaimedJob& job, const core::Decision& decision) {
    return engine::make_transition(
        {.claimed = job, .now = now, .progress = "{\"a\":1}", .keep_next = true}, decision);
}

std::vector<core::EventType> types(const ports::Transition& written) {
    std::vector<core::EventType> result;
    for (const auto& event : written.events) result.push_back(event.type);
    return result;
}

}  // namespace

TEST_CASE("advancing ends one step and begins the next in the same write") {
    const auto written =
        transition(claimed(core::OperationKind::deploy, StepKind::provision_server),
                   core::Advance{.next = StepKind::install_dependencies, .message = "ready"});
    REQUIRE(written.job_state == JobState::succeeded);
    REQUIRE(written.next_step == StepKind::install_dependencies);
    REQUIRE(written.keep_next);
    REQUIRE(written.progress == "{\"a\":1}");
    REQUIRE(types(written) == std::vector{core::EventType::step, core::EventType::step});
    REQUIRE_FALSE(written.bot.status);
}

TEST_CASE("finishing a deploy makes the bot active") {
    const auto written =
        transition(claimed(core::OperationKind::deploy, StepKind::start_bot),
                   core::Finish{.state = OperationState::succeeded, .message = ""});
    REQUIRE(written.operation_end == OperationState::succeeded);
    REQUIRE(written.bot.status == core::BotStatus::active);
    REQUIRE_FALSE(written.operation_error);
    const auto& data = written.events.back().data;
    REQUIRE(base::parse_json(data)->at("status") == "active");
}

TEST_CASE("finishing a destroy deletes the bot") {
    const auto written =
        transition(claimed(core::OperationKind::destroy, StepKind::remove_webhook),
                   core::Finish{.state = OperationState::succeeded, .message = ""});
    REQUIRE(written.bot.deleted);
}

TEST_CASE("a short snooze is work going on, a long one or a signal is waiting") {
    const auto job = claimed(core::OperationKind::deploy, StepKind::install_dependencies);
    auto written = transition(job, core::Snooze{.until = now + 1s, .signal = {}, .why = "running"});
    REQUIRE(written.job_state == JobState::available);
    REQUIRE(!written.operation_end);
    REQUIRE(written.failures == 2);

    written = transition(job, core::Snooze{.until = now + 1s, .signal = "server:1", .why = "boot"});
    REQUIRE(written.job_state == JobState::waiting);
    REQUIRE(written.signal == "server:1");
    REQUIRE(!written.operation_end);
}

TEST_CASE("the same wait is told once") {
    const auto job = claimed(core::OperationKind::deploy, StepKind::provision_server);
    REQUIRE(transition(job, core::Snooze{.until = now + 1s, .signal = {}, .why = "earlier"})
                .events.empty());
    REQUIRE(transition(job, core::Snooze{.until = now + 1s, .signal = {}, .why = "another"})
                .events.size() == 1);
}

TEST_CASE("a retry counts its failure and says when it comes") {
    const base::Error error{.kind = base::ErrorKind::unavailable, .message = "No answer."};
    const auto written =
        transition(claimed(core::OperationKind::deploy, StepKind::provision_server),
                   core::Retry{.at = now + 8s, .error = error});
    REQUIRE(written.failures == 3);
    REQUIRE(written.run_at == now + 8s);
    REQUIRE_THAT(written.message, Catch::Contains("No answer.") && Catch::Contains("8.0 s"));
    REQUIRE(written.events.front().level == core::EventLevel::warning);
}

TEST_CASE("a teardown keeps its cause and begins at once") {
    const base::Error error{
        .kind = base::ErrorKind::invalid, .message = "Wrong key.", .next_action = "Deploy again."};
    const auto written =
        transition(claimed(core::OperationKind::deploy, StepKind::provision_server),
                   core::TearDown{.first = StepKind::destroy_server,
                                  .ending = OperationState::failed,
                                  .error = error,
                                  .deadline = now + 15min});
    REQUIRE(written.job_state == JobState::failed);
    REQUIRE(written.operation_phase == core::OperationPhase::teardown);
    REQUIRE(written.operation_deadline == now + 15min);
    REQUIRE(written.operation_error->message == "Wrong key.");
    REQUIRE(written.next_step == StepKind::destroy_server);
    const bool told = std::ranges::any_of(written.events, [](const core::NewEvent& event) {
        return event.message.find("Wrong key. Deploy again.") != std::string::npos;
    });
    REQUIRE(told);
}

TEST_CASE("a teardown that fails itself ends with the cause it began with") {
    auto job = claimed(core::OperationKind::deploy, StepKind::destroy_server);
    job.operation.phase = core::OperationPhase::teardown;
    job.operation.error =
        base::Error{.kind = base::ErrorKind::invalid, .message = "The first cause."};
    const auto written = transition(
        job, core::GiveUp{.ending = OperationState::failed,
                          .error = {.kind = base::ErrorKind::timeout, .message = "Too late."}});
    REQUIRE(written.operation_end == OperationState::failed);
    REQUIRE(written.operation_error->message == "The first cause.");
    REQUIRE(written.bot.status == core::BotStatus::failed);
    REQUIRE(written.bot.reason == "The first cause.");
}
