#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"

namespace hatchery::cli {

namespace {

void print_stuck(Context& context, const base::Json& operation) {
    const auto& stuck = base::json_member(operation, "stuck");
    context.out << fmt::format("{} {} of {} ({}): {}\n", shown(operation, "kind"),
                               shown(operation, "id"), shown(operation, "botName"),
                               shown(stuck, "reason"), shown(stuck, "cause"))
                << "  " << shown(stuck, "nextAction") << "\n";
}

base::Result<ExitCode> list_stuck(const Options& options, Context& context, ApiClient& api) {
    const auto operations = api.all("/api/admin/operations?stuck=true");
    if (!operations) return base::fail(operations.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(base::Json(*operations)) << "\n";
    } else if (operations->empty()) {
        context.out << "no operation is stuck\n";
    } else {
        for (const auto& operation : *operations) print_stuck(context, operation);
    }
    return operations->empty() ? ExitCode::ok : ExitCode::failed;
}

base::Result<ExitCode> list_live(const Options& options, Context& context, ApiClient& api) {
    const auto operations = api.all("/api/admin/operations");
    if (!operations) return base::fail(operations.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(base::Json(*operations)) << "\n";
        return ExitCode::ok;
    }
    constexpr auto row = "{:<36}  {:<12}  {:<8}  {:<20}  {:<20}  {}\n";
    if (context.out_is_terminal) {
        context.out << fmt::format(row, "ID", "KIND", "STATE", "BOT", "STEP", "MESSAGE");
    }
    for (const auto& operation : *operations) {
        context.out << fmt::format(row, shown(operation, "id"), shown(operation, "kind"),
                                   shown(operation, "state"), shown(operation, "botName"),
                                   shown(operation, "step"), shown(operation, "message"));
    }
    if (operations->empty() && context.out_is_terminal) {
        context.err << "Nothing is under way.\n";
    }
    return ExitCode::ok;
}

}  // namespace

Command operations_command() {
    return {.name = "operations",
            .summary = "lists what is under way on all bots",
            .operands = {},
            .options = {{.name = "stuck",
                         .value = {},
                         .help = "only what does not go on, why, and what to do"},
                        json_option},
            .details =
                "Needs a token with the scope admin. With --stuck it ends with 0 when there\n"
                "are none, and with 1 when there are some.\n",
            .run = with_api([](const Options& options, Context& context, ApiClient& api) {
                return options.has("stuck") ? list_stuck(options, context, api)
                                            : list_live(options, context, api);
            })};
}

}  // namespace hatchery::cli
