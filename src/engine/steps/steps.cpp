#include "engine/steps/steps.hpp"

namespace hatchery::engine {

core::StepOutcome run_step(StepContext& context) {
    using core::StepKind;
    switch (context.claimed.job.step) {
        case StepKind::provision_server:
            return provision_server(context);
        case StepKind::install_dependencies:
            return install_dependencies(context);
        case StepKind::deploy_openclaw:
            return deploy_openclaw(context);
        case StepKind::configure_bot:
            return configure_bot(context);
        case StepKind::start_bot:
            return start_bot(context);
        case StepKind::stop_bot:
            return stop_bot(context);
        case StepKind::destroy_server:
            return destroy_server(context);
        case StepKind::remove_webhook:
            return remove_webhook(context);
        case StepKind::chat_turn:
            return chat_turn(context);
        case StepKind::stop_turn:
            return stop_turn(context);
    }
    return failed({.kind = base::ErrorKind::internal, .message = "This step is unknown."});
}

}  // namespace hatchery::engine
