#include <fmt/format.h>

#include <ostream>

#include "app/note_command.hpp"
#include "app/operate.hpp"
#include "base/json_value.hpp"
#include "cli/client_command.hpp"

namespace hatchery::app {

namespace {

base::Json json_of(const std::vector<config::Problem>& problems) {
    base::Json items = base::Json::array();
    for (const auto& problem : problems) {
        items.push_back({{"where", problem.where}, {"message", problem.message}});
    }
    return items;
}

base::Json json_of(const config::Loaded& loaded) {
    base::Json settings = base::Json::array();
    for (const auto& setting : loaded.settings) {
        settings.push_back(
            {{"name", setting.name},
             {"value", setting.value.empty() ? base::Json() : base::Json(setting.value)},
             {"source", setting.source}});
    }
    return {{"settings", std::move(settings)},
            {"problems", json_of(loaded.problems)},
            {"warnings", json_of(loaded.warnings)}};
}

cli::ExitCode run(const cli::Options& options, cli::Context& context, NotedCommand&) {
    const config::Loaded loaded = context.load_config(config::Need::service);
    if (options.has("json")) {
        context.out << base::dump_json_pretty(json_of(loaded)) << "\n";
        return loaded.problems.empty() ? cli::ExitCode::ok : cli::ExitCode::config;
    }
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
    return operator_command(
        {.name = "config check",
         .summary = "shows every setting and all that is wrong with them",
         .operands = {},
         .options = {cli::json_option},
         .details = "Secrets are shown as \"set\". Asks for all that `hatchery serve` needs.\n",
         .run = {}},
        run);
}

}  // namespace hatchery::app
