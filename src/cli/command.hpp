#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "cli/exit_code.hpp"
#include "cli/options.hpp"
#include "config/load.hpp"
#include "ports/http_transport.hpp"

namespace hatchery::cli {

/// What a command works with. A test gives its own.
struct Context {
    std::ostream& out;
    std::ostream& err;
    std::istream& in;
    /// Whether a person sees `out` and types into `in`.
    bool out_is_terminal = false;
    bool in_is_terminal = false;
    /// Made when first asked for: it may start threads, and `serve` blocks signals before that.
    std::function<ports::HttpTransport&()> http;
    base::Clock& clock;
    std::function<config::Loaded(config::Need)> load_config;
    /// A variable of the environment; nothing when unset or empty.
    std::function<std::optional<std::string>(const std::string&)> variable;
    /// Reads a line from the terminal without showing it.
    std::function<std::string(const std::string& prompt)> ask_hidden;
    /// Sleeps; false when the program is asked to end.
    std::function<bool(base::Milliseconds)> pause;
    /// Takes back the line that the cursor of `out` is in. Set by run_command_line().
    std::function<void()> erase_line = [] {};
};

/// What the audit log of the installation has of a command.
enum class AuditRule : std::uint8_t {
    undecided,  ///< nobody has thought of it: a test refuses such a command
    line,       ///< an operator's command: a line of each run, however it ends
    start,      ///< a service: a line of each start
    by_api,     ///< the API writes the lines of what it changes
    nothing,    ///< it has to do with no installation
};

struct Command {
    /// One or two words: `deploy`, `token create`.
    std::string name;
    std::string summary;
    std::vector<OperandSpec> operands;
    std::vector<OptionSpec> options;
    /// Further lines of its help; may be empty.
    std::string details;
    std::function<ExitCode(const Options&, Context&)> run;
    AuditRule audit = AuditRule::undecided;
};

/// `hatchery deploy [BOT] [options]`
[[nodiscard]] std::string usage_line(const Command& command);

/// Finds the command, reads its options and runs it; answers the exit code. Handles `--help` and
/// `--version`. What the command prints goes through a TerminalGuard: no text of others reaches the
/// terminal as anything but text.
[[nodiscard]] ExitCode run_command_line(std::span<const std::string> words,
                                        std::span<const Command> commands, Context& context);

/// An error of the command line itself: report() ends it with ExitCode::usage.
[[nodiscard]] base::Error wrong_use(std::string message, std::string next_action = {});

/// Prints the error as two lines at most, cause and what to do, and answers its exit code.
ExitCode report(Context& context, const base::Error& error);

/// Prints everything that is wrong with the configuration.
ExitCode report_problems(Context& context, const config::Loaded& loaded);

/// The configuration, or nothing after all problems were printed.
[[nodiscard]] std::optional<config::Config> load_or_report(Context& context, config::Need need);

}  // namespace hatchery::cli
