#pragma once

#include <functional>
#include <string>

#include "cli/api_client.hpp"
#include "cli/command.hpp"

namespace hatchery::cli {

/// Options that several commands share.
inline constexpr OptionSpec json_option{
    .name = "json", .value = {}, .help = "print JSON instead of text"};
inline constexpr OptionSpec wait_option{
    .name = "wait", .value = {}, .help = "wait for the end; the exit code tells it"};
inline constexpr OptionSpec wait_logs_option{
    .name = "logs", .value = {}, .help = "print the log lines while waiting (implies --wait)"};

using ClientRun = std::function<base::Result<ExitCode>(const Options&, Context&, ApiClient&)>;

/// Wraps the body of a command that needs the API: reads the configuration, reports the error.
[[nodiscard]] std::function<ExitCode(const Options&, Context&)> with_api(ClientRun run);

/// After an operation was accepted: says so, or waits for its end as the options ask.
[[nodiscard]] base::Result<ExitCode> follow_operation(const Options& options, Context& context,
                                                      ApiClient& api, const base::Json& accepted);

}  // namespace hatchery::cli
