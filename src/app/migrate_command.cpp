#include <ostream>

#include "app/note_command.hpp"
#include "app/operate.hpp"
#include "base/json_value.hpp"
#include "cli/client_command.hpp"
#include "store/migrations.hpp"

namespace hatchery::app {

namespace {

cli::ExitCode run(const cli::Options& options, cli::Context& context) {
    const auto config = cli::load_or_report(context, config::Need::database);
    if (!config) return cli::ExitCode::config;
    auto database = store::make_database(config->database_url, 2);
    if (!database) return cli::report(context, database.error());
    const auto report = store::migrate(**database);
    if (!report) {
        return fail_command(context, **database, {.action = "migrate", .target = {}, .user_id = {}},
                            report.error());
    }
    if (!report->applied.empty()) {
        note_command(context, **database,
                     {.action = "migrate", .target = report->applied.back(), .user_id = {}});
    }
    if (options.has("json")) {
        context.out << base::dump_json_pretty(
                           {{"applied", report->applied}, {"total", report->total}})
                    << "\n";
        return cli::ExitCode::ok;
    }
    for (const auto& file : report->applied) context.out << "applied " << file << "\n";
    context.out << "the schema is current: " << report->total << " migrations\n";
    return cli::ExitCode::ok;
}

}  // namespace

cli::Command migrate_command() {
    return {.name = "migrate",
            .summary = "brings the database's schema up to date",
            .operands = {},
            .options = {cli::json_option},
            .details =
                "Needs DATABASE_URL. `hatchery serve` does the same at its start; several at\n"
                "once are safe.\n",
            .run = run};
}

}  // namespace hatchery::app
