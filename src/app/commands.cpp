#include "app/commands.hpp"

#include "app/operate.hpp"
#include "app/serve.hpp"
#include "cli/commands.hpp"

namespace hatchery::app {

std::vector<cli::Command> all_commands() {
    std::vector<cli::Command> commands = {serve_command(), worker_command()};
    for (auto& command : cli::client_commands()) commands.push_back(std::move(command));
    for (auto& command :
         {migrate_command(), token_create_command(), token_list_command(), token_revoke_command(),
          user_release_command(), user_role_command(), config_check_command(),
          bundle_build_command(), bundle_list_command(), keys_status_command(),
          keys_rotate_command(), doctor_command(), support_bundle_command(),
          cli::completion_command(all_commands), cli::manual_command(all_commands)}) {
        commands.push_back(command);
    }
    return commands;
}

}  // namespace hatchery::app
