#include <ostream>

#include "app/note_command.hpp"
#include "app/operate.hpp"
#include "base/json_value.hpp"
#include "cli/client_command.hpp"
#include "store/migrations.hpp"
#include "store/service_role.hpp"

namespace hatchery::app {

namespace {

cli::ExitCode run(const cli::Options& options, cli::Context& context, NotedCommand& noted) {
    const auto config = cli::load_or_report(context, config::Need::database);
    if (!config) return cli::ExitCode::config;
    auto database = store::make_database(config->database_url, 2);
    if (!database) return cli::report(context, database.error());
    const auto report = store::migrate(**database);
    if (!report) return cli::report(context, report.error());
    if (!report->applied.empty()) noted.target = report->applied.back();
    const auto service_role = options.value_or("service-role", "");
    if (!service_role.empty()) {
        const auto granted = store::grant_service_role(**database, service_role);
        if (!granted) return cli::report(context, granted.error());
        noted.target += (noted.target.empty() ? "service-role=" : " service-role=") + service_role;
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
    return operator_command(
        {.name = "migrate",
         .summary = "brings the database's schema up to date",
         .operands = {},
         .options = {{.name = "service-role",
                      .value = "ROLE",
                      .help = "lets this role of PostgreSQL run the service, without owning "
                              "anything"},
                     cli::json_option},
         .details =
             "Needs DATABASE_URL. `hatchery serve` does the same at its start; several at\n"
             "once are safe. With --service-role DATABASE_URL names the tables' owner: serve\n"
             "and worker then run under the other role, which can add to the audit log and\n"
             "change nothing in it.\n",
         .run = {}},
        run);
}

}  // namespace hatchery::app
