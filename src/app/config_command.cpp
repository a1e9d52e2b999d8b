#include <fmt/format.h>

#include <ostream>

#include "app/operate.hpp"

namespace hatchery::app {

namespace {

cli::ExitCode run(const cli::Options&, cli::Context& context) {
    const config::Loaded loaded = context.load_config(config::Need::service);
    for (const auto& setting : loaded.settings) {
        const std::string value = setting.value.empty() ? "not set" : setting.value;
        const std::string source = setting.value.empty() ? "" : "(" + setting.source + ")";
        context.out << fmt::format("{:<38} {} {}\n", setting.name, value, source);
    }
    context.out.flush();
    for (const auto& warning : loaded.warnings) {
        context.err << "warning: " << warning.where << " " << warning.message << "\n";
    }
    if (!loaded.problems.empty()) return cli::report_problems(context, loaded);
    context.out << "the configuration is complete\n";
    return cli::ExitCode::ok;
}

}  // namespace

cli::Command config_check_command() {
    return {.name = "config check",
            .summary = "shows every setting and all that is wrong with them",
            .operands = {},
            .options = {},
            .details = "Secrets are shown as \"set\". Asks for all that `hatchery serve` needs.\n",
            .run = run};
}

}  // namespace hatchery::app
