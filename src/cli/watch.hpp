#pragma once

#include <cstdint>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "cli/api_client.hpp"
#include "cli/command.hpp"

namespace hatchery::cli {

struct WatchRequest {
    std::string bot_id;
    std::string operation_id;
    /// Print the operation's log lines as they come.
    bool logs = false;
    /// Print JSON: log lines one by one, and no lines for people.
    bool json = false;
};

/// Prints one line for each step that ends, and in a terminal what is going on meanwhile, until the
/// operation has ended; answers it. An API that goes away for up to a minute (a restart) is waited
/// for.
[[nodiscard]] base::Result<base::Json> watch_operation(ApiClient& api, Context& context,
                                                       const WatchRequest& request);

/// How an ended operation ends the command; what went wrong is printed.
ExitCode report_end(Context& context, const base::Json& operation);

struct LogQuery {
    std::string bot_id;
    std::int64_t after = 0;
    std::string step;
    std::string level;
    /// Only lines with this text.
    std::string text;
};

/// The next lines of a bot's log, at most 200; moves `query.after` on.
[[nodiscard]] base::Result<std::vector<base::Json>> next_log_lines(ApiClient& api, LogQuery& query);

/// `time  step  text` as the log commands print it.
[[nodiscard]] std::string log_line(const base::Json& event);

/// Whether a failed call may be tried again soon: the API restarts.
[[nodiscard]] bool is_passing(const base::Error& error);

}  // namespace hatchery::cli
