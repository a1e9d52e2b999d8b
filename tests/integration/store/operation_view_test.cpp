#include "world.hpp"

namespace hatchery::store {

namespace {

std::vector<std::string> states(const OperationView& view) {
    std::vector<std::string> texts;
    for (const auto& step : view.steps) {
        texts.push_back(std::string(base::to_text(step.kind)) + " " +
                        std::string(base::to_text(step.state)));
    }
    return texts;
}

}  // namespace

TEST_CASE("a status shows bot, operation with all its steps, and server") {
    World world;
    const auto bot = world.add_bot();
    const auto before = world.bots->deployment(bot.id, bot.user_id).value();
    CHECK(!before.operation);
    CHECK(!before.server);

    const auto operation = world.jobs->start_operation(world.deploy_of(bot)).value();
    const auto claimed = world.claim(at(10)).at(0);
    const base::ServerId server("019a0000-0000-7000-8000-000000000001");
    REQUIRE(world.fleet->plan_server(
        claimed.lease, bot.id, {.id = server, .provider = "hetzner", .region = "fsn1"}, at(11)));
    REQUIRE(world.jobs->apply(claimed, {.now = at(20),
                                        .message = "up",
                                        .next_step = core::StepKind::install_dependencies,
                                        .keep_next = true}));
    const auto view = world.bots->deployment(bot.id, bot.user_id).value();
    CHECK(view.bot.status == core::BotStatus::deploying);
    REQUIRE(view.operation);
    CHECK(view.operation->operation.id == operation.id);
    CHECK(states(*view.operation) ==
          std::vector<std::string>{"provision_server succeeded", "install_dependencies running",
                                   "deploy_openclaw pending", "configure_bot pending",
                                   "start_bot pending"});
    CHECK(view.operation->steps[0].attempt == 1);
    CHECK(view.operation->steps[0].message == "up");
    CHECK(view.operation->steps[0].started_at == at(10));
    CHECK(view.operation->steps[0].finished_at == at(20));
    CHECK(view.operation->steps[2].attempt == 0);
    REQUIRE(view.server);
    CHECK(view.server->region == "fsn1");
}

TEST_CASE("a failed deploy shows what it never reached as cancelled, and its teardown") {
    World world;
    const auto bot = world.add_bot();
    const auto operation = world.jobs->start_operation(world.deploy_of(bot)).value();
    const auto claimed = world.claim(at(10)).at(0);
    const auto turned =
        world.jobs->apply(claimed, {.now = at(20),
                                    .job_state = core::JobState::failed,
                                    .failures = 8,
                                    .operation_phase = core::OperationPhase::teardown,
                                    .next_step = core::StepKind::destroy_server,
                                    .keep_next = true});
    REQUIRE(turned.value().next);
    const auto view = world.operations->find(operation.id, bot.user_id).value();
    CHECK(states(view) ==
          std::vector<std::string>{"provision_server failed", "install_dependencies cancelled",
                                   "deploy_openclaw cancelled", "configure_bot cancelled",
                                   "start_bot cancelled", "destroy_server running",
                                   "remove_webhook pending"});
    CHECK(view.steps[0].attempt == 8);
    CHECK(view.steps[5].phase == core::OperationPhase::teardown);
}

TEST_CASE("a step that is tried again shows that it waits") {
    World world;
    const auto bot = world.add_bot();
    const auto operation = world.jobs->start_operation(world.deploy_of(bot)).value();
    const auto claimed = world.claim(at(10)).at(0);
    REQUIRE(world.jobs->apply(claimed, {.now = at(20),
                                        .job_state = core::JobState::available,
                                        .run_at = at(9'000),
                                        .message = "the provider is down",
                                        .failures = 1}));
    const auto view = world.operations->find(operation.id, std::nullopt).value();
    CHECK(view.steps[0].state == core::OperationState::waiting);
    CHECK(view.steps[0].attempt == 2);
    CHECK(view.steps[0].message == "the provider is down");
}

TEST_CASE("somebody else's operation is not found") {
    World world;
    const auto bot = world.add_bot();
    const auto operation = world.jobs->start_operation(world.deploy_of(bot)).value();
    const auto missing = base::ErrorKind::not_found;
    CHECK(world.operations->find(operation.id, world.add_user("b@example.org")).error().kind ==
          missing);
    CHECK(world.operations->find(base::OperationId("x"), std::nullopt).error().kind == missing);
}

TEST_CASE("what was under way before a moment is the latest operation that is no chat") {
    World world;
    const auto bot = world.add_bot();
    const auto deploy = world.jobs->start_operation(world.deploy_of(bot)).value();
    auto chat = world.deploy_of(bot);
    chat.kind = core::OperationKind::chat;
    chat.now = at(1);
    chat.payload = R"({"message":"hi"})";
    const auto later = world.jobs->start_operation(chat).value();
    const auto before = [&](const std::string& id) {
        return world.operations->latest_before(bot.id, id).value();
    };
    REQUIRE(before("ffffffff-ffff-7fff-bfff-ffffffffffff"));
    CHECK(before("ffffffff-ffff-7fff-bfff-ffffffffffff")->id == deploy.id);
    REQUIRE(before(later.id.text()));
    CHECK(before(later.id.text())->id == deploy.id);
    CHECK_FALSE(before(deploy.id.text()));
}

}  // namespace hatchery::store
