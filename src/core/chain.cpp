#include "core/chain.hpp"

#include <algorithm>
#include <array>

namespace hatchery::core {

namespace {

constexpr std::array deploy_steps{StepKind::provision_server, StepKind::install_dependencies,
                                  StepKind::deploy_openclaw, StepKind::configure_bot,
                                  StepKind::start_bot};
constexpr std::array stop_steps{StepKind::stop_bot, StepKind::remove_webhook};
constexpr std::array start_steps{StepKind::configure_bot, StepKind::start_bot};
// The server goes first: a gateway that still runs would register the webhook again.
constexpr std::array destroy_steps{StepKind::destroy_server, StepKind::remove_webhook};
constexpr std::array chat_steps{StepKind::chat_turn};
constexpr std::array stop_turn_steps{StepKind::stop_turn};

}  // namespace

std::span<const StepKind> steps_of(OperationKind kind) {
    switch (kind) {
        case OperationKind::deploy:
            return deploy_steps;
        case OperationKind::stop:
            return stop_steps;
        case OperationKind::start:
        case OperationKind::restart:
        case OperationKind::reconfigure:
            return start_steps;
        case OperationKind::destroy:
            return destroy_steps;
        case OperationKind::chat:
            return chat_steps;
    }
    return {};
}

std::span<const StepKind> teardown_steps_of(OperationKind kind) {
    switch (kind) {
        case OperationKind::deploy:
            return destroy_steps;
        case OperationKind::stop:
        case OperationKind::start:
        case OperationKind::restart:
        case OperationKind::reconfigure:
        case OperationKind::destroy:
            return {};
        case OperationKind::chat:
            return stop_turn_steps;
    }
    return {};
}

std::optional<StepKind> next_step(OperationKind kind, OperationPhase phase, StepKind step) {
    const auto steps = phase == OperationPhase::forward ? steps_of(kind) : teardown_steps_of(kind);
    const auto found = std::ranges::find(steps, step);
    if (found == steps.end() || std::next(found) == steps.end()) return std::nullopt;
    return *std::next(found);
}

bool can_cancel(OperationKind kind) { return kind != OperationKind::destroy; }

}  // namespace hatchery::core
