#include "engine/script_step.hpp"
#include "engine/steps/steps.hpp"

namespace hatchery::engine {

core::StepOutcome install_dependencies(StepContext& context) {
    auto login = login_of_bot(context);
    if (!login) return failed(std::move(login).error());
    if (auto outcome = run_script(
            context, *login,
            {.script = "install_dependencies.sh", .environment = {}, .prepare = nullptr})) {
        return *std::move(outcome);
    }
    return core::Succeeded{"the server has what OpenClaw needs"};
}

}  // namespace hatchery::engine
