#include <nlohmann/json.hpp>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"

namespace hatchery::cli {

namespace {

Command on_bot(const char* word, const char* summary) {
    return {.name = word,
            .summary = summary,
            .operands = {{.name = "BOT"}},
            .options = {wait_option, wait_logs_option, json_option},
            .details = "BOT is a bot's id or name.\n",
            .run = with_api([word](const Options& options, Context& context,
                                   ApiClient& api) -> base::Result<ExitCode> {
                const auto bot = api.find_bot(options.operand(0));
                if (!bot) return base::fail(bot.error());
                const auto accepted =
                    api.post("/api/deploy/" + base::json_string(*bot, "id") + "/" + word);
                if (!accepted) return base::fail(accepted.error());
                return follow_operation(options, context, api, *accepted);
            })};
}

}  // namespace

Command stop_command() { return on_bot("stop", "stops a bot; its server stays"); }
Command start_command() { return on_bot("start", "starts a stopped bot"); }
Command restart_command() { return on_bot("restart", "restarts a bot"); }
Command cancel_command() { return on_bot("cancel", "cancels what is under way on a bot"); }

}  // namespace hatchery::cli
