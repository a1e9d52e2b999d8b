#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"

namespace hatchery::cli {

namespace {

std::string status_of(const base::Json& bot) {
    const std::string condition = shown(bot, "condition");
    return shown(bot, "status") + (condition.empty() ? "" : " (" + condition + ")");
}

base::Result<ExitCode> run(const Options& options, Context& context, ApiClient& api) {
    const auto bots = api.all("/api/bots");
    if (!bots) return base::fail(bots.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(base::Json(*bots)) << "\n";
        return ExitCode::ok;
    }
    constexpr auto row = "{:<36}  {:<20}  {:<20}  {:<32}  {}\n";
    if (context.out_is_terminal) {
        context.out << fmt::format(row, "ID", "NAME", "STATUS", "MODEL", "TELEGRAM");
    }
    for (const auto& bot : *bots) {
        context.out << fmt::format(row, shown(bot, "id"), shown(bot, "name"), status_of(bot),
                                   shown(bot, "model"), "@" + shown(bot, "telegramUsername"));
    }
    if (bots->empty() && context.out_is_terminal) {
        context.err << "There are no bots yet; make one with: hatchery deploy --help\n";
    }
    return ExitCode::ok;
}

}  // namespace

Command bots_command() {
    return {.name = "bots",
            .summary = "lists your bots",
            .operands = {},
            .options = {json_option},
            .details = {},
            .run = with_api(run)};
}

}  // namespace hatchery::cli
