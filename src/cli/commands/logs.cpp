#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "cli/watch.hpp"
#include "core/event.hpp"

namespace hatchery::cli {

namespace {

constexpr base::Milliseconds poll_every{300};

base::Result<LogQuery> read_query(const Options& options) {
    LogQuery query{.step = options.value_or("step", ""), .level = options.value_or("level", "")};
    const std::string since = options.value_or("since", "0");
    const auto [end, error] =
        std::from_chars(since.data(), since.data() + since.size(), query.after);
    if (error != std::errc{} || end != since.data() + since.size() || query.after < 0) {
        return base::fail(base::ErrorKind::invalid, "--since: give the number of a line");
    }
    // They become part of a URL, so only what exists gets there.
    if (!query.step.empty() && !base::parse_enum<core::StepKind>(query.step)) {
        return base::fail(base::ErrorKind::invalid, "--step: there is no such step");
    }
    if (!query.level.empty() && !base::parse_enum<core::EventLevel>(query.level)) {
        return base::fail(base::ErrorKind::invalid, "--level: debug, info, warning or error");
    }
    return query;
}

base::Result<ExitCode> run(const Options& options, Context& context, ApiClient& api) {
    auto query = read_query(options);
    if (!query) {
        report(context, query.error());
        return ExitCode::usage;
    }
    const auto bot = api.find_bot(options.operand(0));
    if (!bot) return base::fail(bot.error());
    query->bot_id = base::json_string(*bot, "id");
    bool away = false;
    for (;;) {
        const auto lines = next_log_lines(api, *query);
        if (!lines && !(options.has("follow") && is_passing(lines.error()))) {
            return base::fail(lines.error());
        }
        if (!lines && !away) context.err << lines.error().message << " Waiting for it.\n";
        away = !lines;
        if (lines) {
            for (const auto& line : *lines) {
                context.out << (options.has("json") ? base::dump_json(line) : log_line(line))
                            << "\n";
            }
            context.out.flush();
            if (!lines->empty()) continue;
        }
        if (!options.has("follow")) return ExitCode::ok;
        if (!context.pause(poll_every)) return ExitCode::ok;
    }
}

}  // namespace

Command logs_command() {
    return {.name = "logs",
            .summary = "prints the log of a bot's operations",
            .operands = {{.name = "BOT"}},
            .options = {{.name = "follow", .letter = 'f', .help = "go on with new lines"},
                        {.name = "since",
                         .value = "SEQ",
                         .help = "only lines after this number (see --json)"},
                        {.name = "step", .value = "STEP", .help = "only this step's lines"},
                        {.name = "level",
                         .value = "LEVEL",
                         .help = "debug, info, warning or error, and above"},
                        {.name = "json", .help = "one JSON object a line"}},
            .details = "BOT is a bot's id or name. '!' marks a line of standard error.\n",
            .run = with_api(run)};
}

}  // namespace hatchery::cli
