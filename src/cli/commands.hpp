#pragma once

#include <functional>
#include <vector>

#include "cli/command.hpp"

namespace hatchery::cli {

/// The commands that talk to the API.
[[nodiscard]] std::vector<Command> client_commands();

/// Answers every command of the program, for those that describe it.
using CommandTable = std::function<std::vector<Command>()>;
[[nodiscard]] Command completion_command(CommandTable table);
[[nodiscard]] Command manual_command(CommandTable table);

// One for each file of commands/.
[[nodiscard]] Command login_command();
[[nodiscard]] Command logout_command();
[[nodiscard]] Command deploy_command();
[[nodiscard]] Command bots_command();
[[nodiscard]] Command status_command();
[[nodiscard]] Command logs_command();
[[nodiscard]] Command stop_command();
[[nodiscard]] Command start_command();
[[nodiscard]] Command restart_command();
[[nodiscard]] Command cancel_command();
[[nodiscard]] Command destroy_command();
[[nodiscard]] Command allow_command();
[[nodiscard]] Command workers_command();
[[nodiscard]] Command operations_command();
[[nodiscard]] Command alarms_command();
[[nodiscard]] Command chat_command();
[[nodiscard]] std::vector<Command> users_commands();
[[nodiscard]] std::vector<Command> cloud_commands();

}  // namespace hatchery::cli
