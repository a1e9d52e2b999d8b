#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"

namespace hatchery::cli {

namespace {

base::Result<ExitCode> run(const Options& options, Context& context, ApiClient& api) {
    const auto page = api.get("/api/admin/alarms?limit=50");
    if (!page) return base::fail(page.error());
    const auto& alarms = base::json_member(*page, "items");
    if (options.has("json")) {
        context.out << base::dump_json_pretty(alarms) << "\n";
        return ExitCode::ok;
    }
    for (const auto& alarm : alarms) {
        context.out << fmt::format("{:<8} {:<16} {}  {}\n", shown(alarm, "state"),
                                   shown(alarm, "kind"), shown(alarm, "raisedAt"),
                                   shown(alarm, "cause"));
        if (shown(alarm, "state") == "raised") {
            context.out << "  " << shown(alarm, "nextAction") << "\n";
        }
    }
    if (alarms.empty()) context.out << "no alarm has been raised\n";
    return ExitCode::ok;
}

}  // namespace

Command alarms_command() {
    return {.name = "alarms",
            .summary = "lists the latest alarms",
            .operands = {},
            .options = {json_option},
            .details = "Needs a token with the scope admin. The latest fifty, newest first.\n",
            .run = with_api(run)};
}

}  // namespace hatchery::cli
