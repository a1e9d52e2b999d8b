#include <fmt/format.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "cli/watch.hpp"
#include "core/event.hpp"

namespace hatchery::cli {

namespace {

constexpr base::Milliseconds poll_every{300};

/// What to ask the API for, and from when on lines are printed.
struct Wanted {
    LogQuery query;
    std::optional<base::TimePoint> since;
};

/// `10m` as a span of time; nothing when it is none.
std::optional<std::chrono::seconds> read_span(std::string_view text) {
    constexpr std::array<std::pair<char, int>, 4> units = {
        {{'s', 1}, {'m', 60}, {'h', 3'600}, {'d', 86'400}}};
    constexpr std::int64_t longest = 3'660;
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || end + 1 != text.data() + text.size()) return std::nullopt;
    for (const auto& [letter, seconds] : units) {
        if (*end == letter && count >= 0 && count <= longest * 86'400 / seconds) {
            return std::chrono::seconds(count * seconds);
        }
    }
    return std::nullopt;
}

/// The number of a line, a span of time until now, or a time.
base::Result<void> read_since(const std::string& text, base::TimePoint now, Wanted& wanted) {
    std::int64_t& after = wanted.query.after;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), after);
    if (error == std::errc{} && end == text.data() + text.size() && after >= 0) return {};
    after = 0;
    if (const auto span = read_span(text)) {
        wanted.since = now - *span;
    } else {
        wanted.since = base::parse_time(text);
    }
    if (wanted.since) return {};
    return base::fail(wrong_use(
        fmt::format("--since: '{}' is neither a span such as 10m, 2h or 1d, nor a time such as "
                    "2027-01-31T12:00:00Z, nor the number of a line",
                    text)));
}

base::Result<Wanted> read_wanted(const Options& options, const base::Clock& clock) {
    Wanted wanted{.query = {.step = options.value_or("step", ""),
                            .level = options.value_or("level", ""),
                            .text = options.value_or("grep", "")},
                  .since = std::nullopt};
    if (options.has("grep") && wanted.query.text.empty()) {
        return base::fail(wrong_use("--grep: give some text"));
    }
    const auto read = read_since(options.value_or("since", "0"), clock.now(), wanted);
    if (!read) return base::fail(read.error());
    return wanted;
}

void print_lines(const Options& options, Context& context, const Wanted& wanted,
                 const std::vector<base::Json>& lines) {
    for (const auto& line : lines) {
        const auto at = base::parse_time(base::json_string(line, "at"));
        if (wanted.since && at && *at < *wanted.since) continue;
        context.out << (options.has("json") ? base::dump_json(line) : log_line(line)) << "\n";
    }
    context.out.flush();
}

base::Result<ExitCode> run(const Options& options, Context& context, ApiClient& api) {
    auto wanted = read_wanted(options, context.clock);
    if (!wanted) return base::fail(wanted.error());
    const auto bot = api.find_bot(options.operand(0));
    if (!bot) return base::fail(bot.error());
    wanted->query.bot_id = base::json_string(*bot, "id");
    bool away = false;
    for (;;) {
        const auto lines = next_log_lines(api, wanted->query);
        if (!lines && !(options.has("follow") && is_passing(lines.error()))) {
            return base::fail(lines.error());
        }
        if (!lines && !away) context.err << lines.error().message << " Waiting for it.\n";
        away = !lines;
        if (lines) {
            print_lines(options, context, *wanted, *lines);
            if (!lines->empty()) continue;
        }
        if (!options.has("follow")) return ExitCode::ok;
        if (!context.pause(poll_every)) return ExitCode::ok;
    }
}

/// The names of an enumeration, separated by spaces, for OptionSpec::choices.
template <typename Enum>
const std::string& names_of() {
    static const std::string names = [] {
        std::string text;
        for (const auto& [value, name] : base::EnumNames<Enum>::names) {
            text += (text.empty() ? "" : " ") + std::string(name);
        }
        return text;
    }();
    return names;
}

}  // namespace

Command logs_command() {
    return {.name = "logs",
            .summary = "prints the log of a bot's operations",
            .operands = {{.name = "BOT"}},
            .options = {{.name = "follow", .letter = 'f', .help = "go on with new lines"},
                        {.name = "since",
                         .value = "WHEN",
                         .help = "only lines of the last 10m, 2h or 1d, since a time, or after a "
                                 "line's number"},
                        {.name = "step",
                         .value = "STEP",
                         .help = "only this step's lines",
                         .choices = names_of<core::StepKind>()},
                        {.name = "grep", .value = "TEXT", .help = "only lines with this text"},
                        {.name = "level",
                         .value = "LEVEL",
                         .help = "debug, info, warning or error, and above",
                         .choices = names_of<core::EventLevel>()},
                        {.name = "json", .help = "one JSON object a line"}},
            .details = "BOT is a bot's id or name. '!' marks a line of standard error.\n",
            .run = with_api(run)};
}

}  // namespace hatchery::cli
