#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "app/doctor.hpp"
#include "app/note_command.hpp"
#include "app/operate.hpp"
#include "base/json_value.hpp"
#include "cli/client_command.hpp"

namespace hatchery::app {

namespace {

cli::ExitCode run(const cli::Options& options, cli::Context& context, NotedCommand&) {
    const auto loaded = context.load_config(config::Need::service);
    const auto findings = examine(loaded, context);
    const auto all = findings_json(findings);
    if (options.has("json")) {
        context.out << base::dump_json_pretty(all) << "\n";
    } else {
        for (const auto& line : all) {
            context.out << fmt::format("{:<5} {:<14} {}\n", base::json_string(line, "health"),
                                       base::json_string(line, "check"),
                                       base::json_string(line, "message"));
            const auto next = base::json_string(line, "nextAction");
            if (!next.empty()) context.out << fmt::format("{:<20} {}\n", "", next);
        }
    }
    const bool fails = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.health == Health::fail;
    });
    return fails ? cli::ExitCode::failed : cli::ExitCode::ok;
}

}  // namespace

cli::Command doctor_command() {
    return operator_command(
        {.name = "doctor",
         .summary = "looks at everything that the service needs, and says what to do",
         .operands = {},
         .options = {cli::json_option},
         .details =
             "Configuration, database, keys, provider tokens, Telegram, public URL and its\n"
             "certificate, clocks, disk. Changes nothing. A line each: ok, warn or fail, and\n"
             "below it what to do. Ends with 1 when something fails. Needs the service's\n"
             "settings.\n",
         .run = {}},
        run);
}

}  // namespace hatchery::app
