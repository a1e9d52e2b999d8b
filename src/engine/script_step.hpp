#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "engine/host_login.hpp"
#include "engine/step_context.hpp"

namespace hatchery::engine {

/// A script that a step runs detached on its server.
struct ScriptStep {
    /// File name below provisioning-scripts/.
    std::string script;
    std::map<std::string, std::string> environment;
    /// Puts what the script reads onto the server; called before a start, and again if the start
    /// has to be repeated.
    std::function<base::Result<void>()> prepare;
};

/// Starts the script or goes on with the run that an earlier attempt started, and moves its new
/// lines into the bot's story, each exactly once: lines and offset are written together.
///
/// Nothing means that the script ended with 0; otherwise what the step has to answer.
[[nodiscard]] std::optional<core::StepOutcome> run_script(StepContext& context,
                                                          const HostLogin& login,
                                                          const ScriptStep& step);

}  // namespace hatchery::engine
