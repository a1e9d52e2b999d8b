#include "cli/watch.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/printable.hpp"

namespace hatchery::cli {

namespace {

using base::Json;
using base::json_string;

constexpr base::Milliseconds poll_every{250};
constexpr auto patience = std::chrono::seconds(60);

bool has_ended(const std::string& state) {
    return state == "succeeded" || state == "failed" || state == "cancelled";
}

std::string duration_between(const Json& holder, const char* from, const char* to) {
    const auto begin = base::parse_time(json_string(holder, from));
    const auto end = base::parse_time(json_string(holder, to));
    if (!begin || !end) return {};
    return base::format_duration(*end - *begin);
}

/// So many characters at most: a character is never cut.
std::string beginning_of(const std::string& text, std::size_t characters) {
    std::size_t begun = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool goes_on = (static_cast<unsigned char>(text[i]) & 0xc0U) == 0x80U;
        if (!goes_on && ++begun > characters) return text.substr(0, i);
    }
    return text;
}

/// Prints an operation's progress. Steps are told apart by their place: a retried or torn-down
/// operation may have a kind twice.
class ProgressPrinter {
public:
    ProgressPrinter(Context& context, bool quiet) : context_(context), quiet_(quiet) {}

    void show(const Json& operation) {
        if (quiet_) return;
        std::string current;
        std::size_t place = 0;
        for (const auto& step : base::json_member(operation, "steps")) {
            const std::string state = json_string(step, "state");
            std::string& printed = printed_[place++];
            if (has_ended(state) && printed != state) {
                if (!json_string(step, "startedAt").empty()) print_step(step, state);
                printed = state;
            }
            if (state == "running" || state == "waiting") {
                current = fmt::format("{} {} {}", json_string(step, "kind"), state,
                                      printable(json_string(step, "message")));
            }
        }
        show_passing(current);
    }

    void print_log_line(const Json& event, bool json) {
        clear_passing();
        context_.out << (json ? base::dump_json(event) : log_line(event)) << std::endl;
    }

    void say(const std::string& text) {
        clear_passing();
        context_.err << text << std::endl;
    }

    /// Removes the line that is only for the moment.
    void clear_passing() {
        if (passing_.empty()) return;
        context_.erase_line();
        context_.out.flush();
        passing_.clear();
    }

private:
    void print_step(const Json& step, const std::string& state) {
        clear_passing();
        std::string line = fmt::format("{:<22} {:<10} {:>10}", json_string(step, "kind"), state,
                                       duration_between(step, "startedAt", "finishedAt"));
        const std::string message = json_string(step, "message");
        if (!message.empty()) line += "  " + printable(message);
        context_.out << line << std::endl;
    }

    void show_passing(const std::string& text) {
        if (!context_.out_is_terminal || text == passing_) return;
        // A longer line would wrap, and a wrapped line cannot be taken back.
        context_.erase_line();
        context_.out << beginning_of(text, 78) << std::flush;
        passing_ = text;
    }

    Context& context_;
    const bool quiet_;
    std::map<std::size_t, std::string> printed_;
    std::string passing_;
};

/// Prints the log lines of one operation that have come since the last call.
class LogTail {
public:
    LogTail(ApiClient& api, const WatchRequest& request)
        : api_(api), request_(request), query_{.bot_id = request.bot_id} {}

    void print_new(ProgressPrinter& printer) {
        if (!request_.logs) return;
        for (;;) {
            const auto lines = next_log_lines(api_, query_);
            if (!lines || lines->empty()) return;
            for (const Json& line : *lines) {
                const bool ours = json_string(line, "operationId") == request_.operation_id;
                if (ours && json_string(line, "type") == "log") {
                    printer.print_log_line(line, request_.json);
                }
            }
        }
    }

private:
    ApiClient& api_;
    const WatchRequest& request_;
    LogQuery query_;
};

}  // namespace

bool is_passing(const base::Error& error) {
    return error.kind == base::ErrorKind::unavailable || error.kind == base::ErrorKind::timeout ||
           error.kind == base::ErrorKind::rate_limited;
}

base::Result<Json> watch_operation(ApiClient& api, Context& context, const WatchRequest& request) {
    ProgressPrinter printer(context, request.json);
    LogTail tail(api, request);
    bool away = false;
    base::TimePoint away_since{};
    for (;;) {
        auto operation = api.get("/api/operations/" + request.operation_id);
        if (!operation) {
            const auto now = context.clock.now();
            if (!is_passing(operation.error()) || (away && now - away_since > patience)) {
                return base::fail(std::move(operation).error());
            }
            if (!away) {
                printer.say(operation.error().message + " Waiting for it.");
                away = true;
                away_since = now;
            }
        } else {
            away = false;
            tail.print_new(printer);
            printer.show(*operation);
            if (has_ended(json_string(*operation, "state"))) {
                printer.clear_passing();
                return operation;
            }
        }
        if (!context.pause(poll_every)) {
            printer.clear_passing();
            return base::fail(base::ErrorKind::cancelled,
                              "Stopped watching; the operation goes on.");
        }
    }
}

ExitCode report_end(Context& context, const Json& operation) {
    const std::string state = json_string(operation, "state");
    if (state == "succeeded") return ExitCode::ok;
    const Json& error = base::json_member(operation, "error");
    std::string message = json_string(error, "message");
    if (message.empty()) message = "The operation ended as " + state + ".";
    context.err << "hatchery: " << json_string(operation, "kind") << " " << state << ": "
                << printable(message) << "\n";
    const std::string next = json_string(error, "nextAction");
    if (!next.empty()) context.err << "  " << printable(next) << "\n";
    return ExitCode::failed;
}

base::Result<std::vector<Json>> next_log_lines(ApiClient& api, LogQuery& query) {
    std::string path =
        fmt::format("/api/deploy/{}/logs?limit=200&after={}", query.bot_id, query.after);
    if (!query.step.empty()) path += "&step=" + query.step;
    if (!query.level.empty()) path += "&level=" + query.level;
    if (!query.text.empty()) path += "&q=" + percent_encoded(query.text);
    auto answer = api.get(path);
    if (!answer) return base::fail(std::move(answer).error());
    std::vector<Json> lines;
    for (const auto& item : base::json_member(*answer, "items")) lines.push_back(item);
    if (!lines.empty()) query.after = base::json_int(lines.back(), "seq", query.after);
    return lines;
}

std::string log_line(const Json& event) {
    std::string source = json_string(event, "step", "-");
    const std::string stream = json_string(event, "stream");
    if (stream == "stderr") source += " !";
    return fmt::format("{}  {:<22} {}", json_string(event, "at"), source,
                       printable(json_string(event, "message")));
}

}  // namespace hatchery::cli
