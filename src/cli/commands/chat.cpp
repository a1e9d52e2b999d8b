#include <fmt/format.h>

#include <istream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"
#include "cli/watch.hpp"

namespace hatchery::cli {

namespace {

using base::ErrorKind;
using base::Json;
using base::json_string;

/// How long the API is asked to wait for the end at a time.
constexpr int wait_s = 25;

bool has_ended(const Json& job) {
    const std::string status = json_string(job, "status");
    return status == "COMPLETED" || status == "FAILED" || status == "CANCELLED";
}

/// The job at its end. An API that goes away for a moment (a restart) is asked again: the turn goes
/// on without it.
base::Result<Json> wait_for_end(Context& context, ApiClient& api, const std::string& id) {
    constexpr base::Milliseconds pause{1'000};
    constexpr int most_failures = 60;
    for (int failures = 0;;) {
        auto job = api.get(fmt::format("/api/jobs/{}?wait={}", id, wait_s));
        if (job && has_ended(*job)) return job;
        if (job) failures = 0;
        if (!job && (!is_passing(job.error()) || ++failures > most_failures)) return job;
        if (job) continue;
        if (!context.pause(pause)) {
            return base::fail(ErrorKind::cancelled, "Waiting was interrupted; the turn goes on.",
                              fmt::format("Its job is {}.", id));
        }
    }
}

base::Result<ExitCode> run(const Options& options, Context& context, ApiClient& api) {
    std::string message = options.operand(1);
    if (message == "-") message.assign(std::istreambuf_iterator<char>(context.in), {});
    const auto bot = api.find_bot(options.operand(0));
    if (!bot) return base::fail(bot.error());
    Json payload = {{"botId", json_string(*bot, "id")}, {"message", message}};
    if (options.has("interrupt")) payload["interrupt"] = true;
    if (const auto session = options.value("session")) payload["sessionKey"] = *session;
    const auto accepted = api.post("/api/jobs", {{"type", "CHAT"}, {"payload", payload}});
    if (!accepted) return base::fail(accepted.error());
    const auto job = wait_for_end(context, api, json_string(*accepted, "jobId"));
    if (!job) return base::fail(job.error());
    if (options.has("json")) context.out << base::dump_json(*job) << '\n';
    if (json_string(*job, "status") == "COMPLETED") {
        if (!options.has("json")) {
            context.out << printable(json_string(base::json_member(*job, "result"), "reply"),
                                     Lines::kept)
                        << '\n';
        }
        return ExitCode::ok;
    }
    const Json& error = base::json_member(*job, "error");
    return base::fail(ErrorKind::internal,
                      json_string(error, "message", "The turn ended without a reply."),
                      json_string(error, "nextAction"));
}

}  // namespace

Command chat_command() {
    return {.name = "chat",
            .summary = "says a message to a bot and prints its reply",
            .operands = {{.name = "BOT"}, {.name = "MESSAGE"}},
            .options = {{.name = "interrupt",
                         .value = {},
                         .help = "end the turns that are under way or in line"},
                        {.name = "session",
                         .value = "KEY",
                         .help = "go on with this conversation instead of the shared one"},
                        json_option},
            .details = "BOT is a bot's id or name. MESSAGE `-` is read from standard input.\n",
            .run = with_api(run)};
}

}  // namespace hatchery::cli
