#include "core/step_words.hpp"

namespace hatchery::core {

std::string_view step_words(StepKind step) {
    switch (step) {
        case StepKind::provision_server:
            return "The creation of the server";
        case StepKind::install_dependencies:
            return "The preparation of the server";
        case StepKind::deploy_openclaw:
            return "The installation of OpenClaw";
        case StepKind::configure_bot:
            return "The configuration of the bot";
        case StepKind::start_bot:
            return "The start of the bot";
        case StepKind::stop_bot:
            return "The stop of the bot";
        case StepKind::destroy_server:
            return "The removal of the server";
        case StepKind::remove_webhook:
            return "The removal of the webhook";
        case StepKind::chat_turn:
            return "The chat turn";
        case StepKind::stop_turn:
            return "The stop of the chat turn";
    }
    return "The step";
}

}  // namespace hatchery::core
