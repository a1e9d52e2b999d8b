#pragma once

#include <string>

#include "base/ids.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "store/database.hpp"

namespace hatchery::app {

/// A command of the operator's that changes something.
struct NotedCommand {
    /// As it is called: `token create`.
    std::string action;
    /// The id of what was changed; may be empty.
    std::string target;
    /// Whom it concerns; may be empty.
    base::UserId user_id;
    /// How it ended.
    cli::ExitCode outcome = cli::ExitCode::ok;
};

/// Writes the command to the audit log, under the operator's login name and this machine's name. A
/// log that cannot be written is told on standard error: the command has happened.
void note_command(cli::Context& context, store::Database& database, const NotedCommand& command);

/// The same of a command that has failed: tells the error and notes it. The exit code.
[[nodiscard]] cli::ExitCode fail_command(cli::Context& context, store::Database& database,
                                         NotedCommand command, const base::Error& error);

}  // namespace hatchery::app
