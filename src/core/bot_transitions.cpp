#include "core/bot_transitions.hpp"

namespace hatchery::core {

namespace {

constexpr std::optional<BotCondition> no_condition = std::nullopt;

BotChange change(BotStatus status, const std::string& reason) {
    return {.status = status, .condition = no_condition, .reason = reason};
}

}  // namespace

BotChange on_operation_started(OperationKind kind) {
    switch (kind) {
        case OperationKind::deploy:
            return change(BotStatus::deploying, "");
        case OperationKind::destroy:
            return {.condition = BotCondition::deleting};
        case OperationKind::stop:
        case OperationKind::start:
        case OperationKind::restart:
        case OperationKind::reconfigure:
            return {.reason = ""};
        case OperationKind::chat:
            return {};
    }
    return {};
}

BotChange on_operation_ended(OperationKind kind, OperationState ending, const std::string& reason) {
    // A deploy that did not succeed, or a destroy that could not be proven, may have begun to
    // remove the server: nobody may build on it any more.
    const bool abandons = ending != OperationState::succeeded &&
                          (kind == OperationKind::deploy || kind == OperationKind::destroy);
    if (abandons) {
        auto abandoned = change(
            ending == OperationState::cancelled ? BotStatus::stopped : BotStatus::failed, reason);
        abandoned.abandons_server = true;
        return abandoned;
    }
    if (kind == OperationKind::chat) return {};
    if (ending == OperationState::cancelled) {
        // How far OpenClaw had got is unknown, and the status must not claim to know.
        return {.condition = BotCondition::degraded,
                .reason = "The " + std::string(base::to_text(kind)) +
                          " was cancelled half-way; start or stop the bot again."};
    }
    if (ending == OperationState::failed) return change(BotStatus::failed, reason);
    switch (kind) {
        case OperationKind::deploy:
        case OperationKind::start:
        case OperationKind::restart:
        case OperationKind::reconfigure:
            return change(BotStatus::active, "");
        case OperationKind::stop:
            return change(BotStatus::stopped, "");
        case OperationKind::destroy:
            return {.status = BotStatus::stopped,
                    .condition = no_condition,
                    .reason = "",
                    .deleted = true};
        case OperationKind::chat:
            return {};
    }
    return {};
}

std::optional<std::string> why_not(OperationKind kind, BotStatus status, bool has_server) {
    switch (kind) {
        case OperationKind::deploy:
            if (has_server) return "The bot is deployed already; restart it, or delete it first.";
            return std::nullopt;
        case OperationKind::stop:
        case OperationKind::start:
        case OperationKind::restart:
        case OperationKind::reconfigure:
            if (!has_server) return "The bot has no server; deploy it first.";
            if (kind == OperationKind::stop && status == BotStatus::stopped) {
                return "The bot is stopped already.";
            }
            return std::nullopt;
        case OperationKind::destroy:
            return std::nullopt;
        case OperationKind::chat:
            // It waits for a deploy; whether the bot runs, core/chat.hpp says when it is its turn.
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace hatchery::core
