#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"

namespace hatchery::cli {

namespace {

using base::json_string;

base::Result<ExitCode> run(const Options& options, Context& context, ApiClient& api) {
    const auto page = api.get("/api/admin/alarms?limit=50");
    if (!page) return base::fail(page.error());
    const auto& alarms = base::json_member(*page, "items");
    if (options.has("json")) {
        context.out << base::dump_json_pretty(alarms) << "\n";
        return ExitCode::ok;
    }
    for (const auto& alarm : alarms) {
        context.out << fmt::format("{:<8} {:<16} {}  {}\n", json_string(alarm, "state"),
                                   json_string(alarm, "kind"), json_string(alarm, "raisedAt"),
                                   json_string(alarm, "cause"));
        if (json_string(alarm, "state") == "raised") {
            context.out << "  " << json_string(alarm, "nextAction") << "\n";
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
