#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/embedded_file.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "ports/remote_host.hpp"

// The commands and texts of provisioning-scripts/run_detached.sh; its header is the contract.
namespace hatchery::remote {

/// `invalid` unless the id has the form that run_detached.sh takes.
[[nodiscard]] base::Result<void> check_run_id(const std::string& run_id);

/// The environment as lines KEY=VALUE. `invalid` for a name that is none in a shell, and for a
/// value with a line end or NUL, which the file's form cannot hold; the value is not shown.
[[nodiscard]] base::Result<base::Secret> environment_file(
    const std::map<std::string, std::string>& environment);

/// A start as one remote command and its standard input.
struct StartCommand {
    std::string command;
    base::Secret input;
};

/// Whether the start carries the scripts along, or counts on those sent before.
enum class Carry : std::uint8_t { scripts, environment_only };

/// Exit code of a start without scripts on a server that lacks them.
constexpr int scripts_missing = 92;

/// Scripts lie under names that hold their content's hash, so versions never mix.
[[nodiscard]] StartCommand start_command(const std::string& state_dir, const std::string& run_id,
                                         const base::EmbeddedFile& runner,
                                         const base::EmbeddedFile& script,
                                         const base::Secret& environment, Carry carry);
/// Reads with the runner's copy that the run itself keeps, so that a newer Hatchery can follow a
/// run which an older one started.
[[nodiscard]] std::string status_command(const std::string& state_dir, const std::string& run_id,
                                         std::uint64_t offset, std::size_t max_bytes,
                                         base::Milliseconds patience);
[[nodiscard]] std::string stop_command(const std::string& state_dir, const std::string& run_id);

/// `running`, `exited N` or `lost`.
[[nodiscard]] base::Result<ports::RunState> parse_start(std::string_view text);
/// A line of state and whole log lines. `bad_response` when the text does not add up.
[[nodiscard]] base::Result<ports::RunOutput> parse_status(std::string_view text,
                                                          std::uint64_t offset);

}  // namespace hatchery::remote
