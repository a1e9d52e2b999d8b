#include <fmt/format.h>

#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"

namespace hatchery::cli {

namespace {

using base::Json;
using base::json_string;

void print_plan(Context& context, const Json& bot, const Json& plan) {
    context.err << fmt::format("This destroys the bot {} (@{}) for good:\n",
                               json_string(bot, "name"), json_string(bot, "telegramUsername"));
    const Json& server = base::json_member(plan, "server");
    if (server.is_object()) {
        context.err << fmt::format("  its server {} at {} in {}, with all data on it\n",
                                   json_string(server, "name"), json_string(server, "provider"),
                                   json_string(server, "region"));
    } else {
        context.err << "  it has no server\n";
    }
    const std::string webhook = json_string(plan, "webhook");
    if (!webhook.empty()) context.err << "  its webhook at Telegram, " << webhook << "\n";
    context.err << "  " << json_string(plan, "secrets", "its sealed secrets") << "\n"
                << fmt::format("What stays: @{} at Telegram, which only @BotFather deletes.\n",
                               json_string(bot, "telegramUsername"));
}

/// Whether the person types the bot's name.
bool confirm(Context& context, const std::string& name) {
    context.err << "Type the bot's name to go on: " << std::flush;
    std::string typed;
    std::getline(context.in, typed);
    return typed == name;
}

base::Result<ExitCode> run(const Options& options, Context& context, ApiClient& api) {
    const auto bot = api.find_bot(options.operand(0));
    if (!bot) return base::fail(bot.error());
    const std::string path = "/api/bots/" + json_string(*bot, "id");
    if (!options.has("yes")) {
        const auto plan = api.remove(path + "?plan=true");
        if (!plan) return base::fail(plan.error());
        print_plan(context, *bot, base::json_member(*plan, "plan"));
        if (!context.in_is_terminal) {
            context.err << "hatchery: nothing was done; add --yes to go on without being asked\n";
            return ExitCode::usage;
        }
        if (!confirm(context, json_string(*bot, "name"))) {
            context.err << "hatchery: nothing was done\n";
            return ExitCode::failed;
        }
    }
    const auto accepted = api.remove(path);
    if (!accepted) return base::fail(accepted.error());
    return follow_operation(options, context, api, *accepted);
}

}  // namespace

Command destroy_command() {
    return {.name = "destroy",
            .summary = "destroys a bot, its server and its secrets",
            .operands = {{.name = "BOT"}},
            .options = {{.name = "yes", .letter = 'y', .help = "do not ask"},
                        wait_option,
                        wait_logs_option,
                        json_option},
            .details = "BOT is a bot's id or name. Says first what goes, and asks.\n",
            .run = with_api(run)};
}

}  // namespace hatchery::cli
