#pragma once

#include <string>
#include <vector>

#include "base/call.hpp"
#include "base/result.hpp"

namespace hatchery::app {

/// Our environment for another program: all but what is secret, which is no business of its.
[[nodiscard]] std::vector<std::string> environment_without_secrets();

/// Runs a program, found by PATH, without a shell; its output goes to the log, line by line, as
/// event `output_event`. Blocks until it has ended; at the end of the call it is killed with all
/// that it started. `internal` when it cannot be started or ends with another code than 0,
/// `timeout`, `cancelled`.
[[nodiscard]] base::Result<void> run_command(const std::vector<std::string>& words,
                                             const std::string& output_event,
                                             const base::Call& call);

}  // namespace hatchery::app
