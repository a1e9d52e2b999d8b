#pragma once

#include <functional>
#include <string>

#include "base/ids.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "store/database.hpp"

namespace hatchery::app {

/// What the audit log has of a command, beside who ran it where and how it ended. Nothing in it may
/// be secret.
struct NotedCommand {
    /// As it is called: `token create`.
    std::string action;
    /// The id of what was changed; may be empty.
    std::string target;
    /// Whom it concerns; may be empty.
    base::UserId user_id;
};

/// Writes the command to the audit log, under the operator's login name and this machine's name. A
/// log that cannot be written is told on standard error: the command has happened.
void note_command(cli::Context& context, store::Database& database, const NotedCommand& command,
                  cli::ExitCode outcome);

/// Fills in what it did to what, and to whom.
using OperatorRun = std::function<cli::ExitCode(const cli::Options&, cli::Context&, NotedCommand&)>;

/// The command with a run that leaves its line in the audit log whichever way it ends. It does its
/// work without a database, too, and then says on standard error that there is no line.
[[nodiscard]] cli::Command operator_command(cli::Command command, OperatorRun run);

}  // namespace hatchery::app
