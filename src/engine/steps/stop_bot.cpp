#include "engine/script_step.hpp"
#include "engine/steps/steps.hpp"

namespace hatchery::engine {

core::StepOutcome stop_bot(StepContext& context) {
    auto login = login_of_bot(context);
    if (!login) return failed(std::move(login).error());
    if (auto outcome = run_script(
            context, *login, {.script = "stop_bot.sh", .environment = {}, .prepare = nullptr})) {
        return *std::move(outcome);
    }
    return core::Succeeded{"OpenClaw is stopped; the server and its data stay"};
}

}  // namespace hatchery::engine
