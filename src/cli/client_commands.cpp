#include "cli/commands.hpp"

namespace hatchery::cli {

std::vector<Command> client_commands() {
    std::vector<Command> commands = {
        login_command(),   logout_command(),     deploy_command(),  bots_command(),
        status_command(),  logs_command(),       stop_command(),    start_command(),
        restart_command(), cancel_command(),     destroy_command(), allow_command(),
        workers_command(), operations_command(), alarms_command(),  chat_command()};
    for (auto& command : users_commands()) commands.push_back(std::move(command));
    for (auto& command : cloud_commands()) commands.push_back(std::move(command));
    for (auto& command : commands) command.audit = AuditRule::by_api;
    return commands;
}

}  // namespace hatchery::cli
