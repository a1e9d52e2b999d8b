#include "app/commands.hpp"

#include "app/operate.hpp"
#include "app/serve.hpp"

namespace hatchery::app {

std::vector<cli::Command> all_commands() {
    return {serve_command(),        worker_command(),       migrate_command(),
            token_create_command(), config_check_command(), bundle_build_command(),
            bundle_list_command()};
}

}  // namespace hatchery::app
