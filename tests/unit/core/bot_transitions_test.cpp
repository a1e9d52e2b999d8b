#include "core/bot_transitions.hpp"

#include "support/catch.hpp"

using namespace hatchery::core;

TEST_CASE("a bot's status follows its operations") {
    struct Row {
        OperationKind kind;
        OperationState ending;
        std::optional<BotStatus> status;
    };
    const auto row =
        GENERATE(Row{OperationKind::deploy, OperationState::succeeded, BotStatus::active},
                 Row{OperationKind::deploy, OperationState::failed, BotStatus::failed},
                 Row{OperationKind::deploy, OperationState::cancelled, BotStatus::stopped},
                 Row{OperationKind::stop, OperationState::succeeded, BotStatus::stopped},
                 Row{OperationKind::stop, OperationState::failed, BotStatus::failed},
                 Row{OperationKind::start, OperationState::succeeded, BotStatus::active},
                 Row{OperationKind::restart, OperationState::succeeded, BotStatus::active},
                 Row{OperationKind::restart, OperationState::cancelled, std::nullopt},
                 Row{OperationKind::reconfigure, OperationState::failed, BotStatus::failed});
    INFO(hatchery::base::to_text(row.kind) << " " << hatchery::base::to_text(row.ending));
    const auto change = on_operation_ended(row.kind, row.ending, "why");
    REQUIRE(change.status == row.status);
    REQUIRE_FALSE(change.deleted);
}

TEST_CASE("a start that was cancelled half-way claims nothing about the bot") {
    const auto change = on_operation_ended(OperationKind::start, OperationState::cancelled, "");
    REQUIRE_FALSE(change.status);
    REQUIRE(change.condition.value_or(std::nullopt) == BotCondition::degraded);
    REQUIRE_FALSE(change.reason.value_or("").empty());
}

TEST_CASE("only a destroy that succeeded deletes the bot") {
    REQUIRE(on_operation_ended(OperationKind::destroy, OperationState::succeeded, "").deleted);
    REQUIRE_FALSE(on_operation_ended(OperationKind::destroy, OperationState::failed, "").deleted);
}

TEST_CASE("a deploy or destroy that did not succeed leaves no server to build on") {
    using enum OperationState;
    for (const auto kind : {OperationKind::deploy, OperationKind::destroy}) {
        REQUIRE(on_operation_ended(kind, failed, "").abandons_server);
        REQUIRE(on_operation_ended(kind, cancelled, "").abandons_server);
        REQUIRE_FALSE(on_operation_ended(kind, succeeded, "").abandons_server);
    }
    REQUIRE_FALSE(on_operation_ended(OperationKind::restart, failed, "").abandons_server);
}

TEST_CASE("a failure's reason stays with the bot") {
    const auto change =
        on_operation_ended(OperationKind::deploy, OperationState::failed, "No stock.");
    REQUIRE(change.reason == "No stock.");
}

TEST_CASE("an operation that the bot's state forbids is refused with a sentence") {
    REQUIRE(why_not(OperationKind::deploy, BotStatus::active, true));
    REQUIRE_FALSE(why_not(OperationKind::deploy, BotStatus::failed, false));
    REQUIRE(why_not(OperationKind::stop, BotStatus::pending, false));
    REQUIRE(why_not(OperationKind::stop, BotStatus::stopped, true));
    REQUIRE_FALSE(why_not(OperationKind::start, BotStatus::stopped, true));
    REQUIRE_FALSE(why_not(OperationKind::destroy, BotStatus::failed, true));
}
