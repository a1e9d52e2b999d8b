#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"

namespace hatchery::cli {

namespace {

/// What a command on a bot does, as it is told before it is done.
struct Deed {
    const char* word;
    const char* summary;
    /// What goes and what stays; empty: nothing goes, so nobody is asked.
    const char* consequences;
};

/// Whether to go on. A script has decided already: only a person at a terminal is asked.
bool agreed(const Options& options, Context& context, const base::Json& bot, const Deed& deed) {
    const std::string consequences = deed.consequences;
    if (consequences.empty() || options.has("yes") || !context.in_is_terminal) return true;
    context.err << "This " << deed.summary << ", " << base::json_string(bot, "name") << " (@"
                << base::json_string(bot, "telegramUsername") << "):\n"
                << consequences << "Go on? [y/N] " << std::flush;
    std::string answer;
    std::getline(context.in, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

Command on_bot(const Deed& deed) {
    std::vector<OptionSpec> options{wait_option, wait_logs_option, json_option};
    std::string details = "BOT is a bot's id or name.\n";
    options.insert(options.begin(), {.name = "yes", .letter = 'y', .help = "do not ask"});
    if (*deed.consequences != '\0') {
        details += std::string("Asks when standard input is a terminal.\n") + deed.consequences;
    }
    return {.name = deed.word,
            .summary = deed.summary,
            .operands = {{.name = "BOT"}},
            .options = std::move(options),
            .details = std::move(details),
            .run = with_api([deed](const Options& given, Context& context,
                                   ApiClient& api) -> base::Result<ExitCode> {
                const auto bot = api.find_bot(given.operand(0));
                if (!bot) return base::fail(bot.error());
                if (!agreed(given, context, *bot, deed)) {
                    context.err << "hatchery: nothing was done\n";
                    return ExitCode::failed;
                }
                const auto accepted =
                    api.post("/api/deploy/" + base::json_string(*bot, "id") + "/" + deed.word);
                if (!accepted) return base::fail(accepted.error());
                return follow_operation(given, context, api, *accepted);
            })};
}

}  // namespace

Command stop_command() {
    return on_bot({.word = "stop",
                   .summary = "stops a bot; its server stays",
                   .consequences =
                       "  goes:  its answers, until it is started again\n"
                       "  stays: its server, which costs as much as before, and all data on it\n"});
}
Command start_command() {
    return on_bot({.word = "start", .summary = "starts a stopped bot", .consequences = ""});
}
Command restart_command() {
    return on_bot({.word = "restart",
                   .summary = "restarts a bot",
                   .consequences = "  goes:  the answer that it is writing, if any\n"
                                   "  stays: its server and all data on it\n"});
}
Command cancel_command() {
    return on_bot({.word = "cancel",
                   .summary = "cancels what is under way on a bot",
                   .consequences =
                       "  goes:  of a deploy, the server that it has made so far\n"
                       "  stays: the bot and its secrets; a stop, start or restart ends where it "
                       "is\n"});
}

}  // namespace hatchery::cli
