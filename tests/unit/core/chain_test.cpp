#include "core/chain.hpp"

#include "support/catch.hpp"

using namespace hatchery::core;

TEST_CASE("a deploy goes from the server to the running bot") {
    const auto steps = steps_of(OperationKind::deploy);
    REQUIRE(std::vector(steps.begin(), steps.end()) ==
            std::vector{StepKind::provision_server, StepKind::install_dependencies,
                        StepKind::deploy_openclaw, StepKind::configure_bot, StepKind::start_bot});
}

TEST_CASE("what a deploy makes is removed, what a chat runs is stopped, and the rest stays") {
    for (const auto& [kind, name] : hatchery::base::EnumNames<OperationKind>::names) {
        INFO(name);
        const bool leaves_something = kind == OperationKind::deploy || kind == OperationKind::chat;
        REQUIRE(teardown_steps_of(kind).empty() != leaves_something);
    }
}

TEST_CASE("following a chain from its first step visits every step once") {
    for (const auto& [kind, name] : hatchery::base::EnumNames<OperationKind>::names) {
        INFO(name);
        const auto steps = steps_of(kind);
        REQUIRE_FALSE(steps.empty());
        std::vector<StepKind> visited{steps.front()};
        while (auto next = next_step(kind, OperationPhase::forward, visited.back())) {
            visited.push_back(*next);
        }
        REQUIRE(visited == std::vector(steps.begin(), steps.end()));
    }
}

TEST_CASE("a destroy cannot be cancelled") {
    REQUIRE_FALSE(can_cancel(OperationKind::destroy));
    REQUIRE(can_cancel(OperationKind::deploy));
}
