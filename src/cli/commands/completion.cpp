#include "cli/completion.hpp"

#include <ostream>

#include "cli/commands.hpp"
#include "cli/manual.hpp"

namespace hatchery::cli {

Command completion_command(CommandTable table) {
    return {.name = "completion",
            .summary = "prints the script that completes commands and options in a shell",
            .operands = {{.name = "SHELL", .choices = "bash zsh"}},
            .options = {},
            .details =
                "For bash, in ~/.bashrc: source <(hatchery completion bash)\n"
                "For zsh: hatchery completion zsh > ~/.zfunc/_hatchery, a folder of your fpath.\n"
                "The Debian package installs both.\n",
            .run =
                [table = std::move(table)](const Options& options, Context& context) {
                    context.out << (options.operand(0) == "bash" ? bash_completion(table())
                                                                 : zsh_completion(table()));
                    return ExitCode::ok;
                },
            .audit = AuditRule::nothing};
}

Command manual_command(CommandTable table) {
    return {.name = "manual",
            .summary = "prints the manual page",
            .operands = {},
            .options = {},
            .details = "In roff: hatchery manual | man -l -\n",
            .run =
                [table = std::move(table)](const Options&, Context& context) {
                    context.out << manual_page(table());
                    return ExitCode::ok;
                },
            .audit = AuditRule::nothing};
}

}  // namespace hatchery::cli
