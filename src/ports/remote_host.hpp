#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/call.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace hatchery::ports {

/// Where and as whom to log in, and which host keys prove that it is the right machine.
struct SshTarget {
    std::string host;
    std::uint16_t port = 22;
    std::string user = "root";
    /// Public keys in OpenSSH's form (`ssh-ed25519 AAAA…`); any other key is refused. There are
    /// two only while a rotation is under way.
    std::vector<std::string> host_keys;
    /// The client's Ed25519 private key in OpenSSH's text form.
    base::Secret private_key;
};

struct ExecRequest {
    /// Run by the login shell; never holds a secret, because argv can be read by others.
    std::string command;
    /// Given on standard input; secrets travel here.
    base::Secret input;
    std::size_t max_output_bytes = 1U << 20U;
};

struct ExecResult {
    int exit_code = 0;
    /// Name of the signal that ended it, or empty. With a signal the exit code means nothing.
    std::string signal;
    std::string out;
    std::string err;
};

struct FileUpload {
    std::string local_path;
    std::string remote_path;
    /// Hex SHA-256 that the whole file must have on the server.
    std::string sha256;
    int mode = 0600;
    /// Told from time to time how many bytes are there, of how many.
    std::function<void(std::uint64_t, std::uint64_t)> progress;
};

enum class RunState : std::uint8_t {
    absent,   ///< no run of this id was ever started there
    running,  ///< its unit lives
    exited,   ///< ended by itself; the log is complete and `exit_code` is set
    lost,     ///< started, but neither unit nor exit code are there: the machine was restarted
};

struct ScriptRun {
    /// Deterministic, `[a-z0-9-]`: a second start with the same id adopts the first.
    std::string run_id;
    /// File name below provisioning-scripts/, without a path.
    std::string script;
    /// Environment of the script. Values may be secret: they travel on standard input and lie in
    /// a file that only root reads, deleted when the script has started.
    std::map<std::string, std::string> environment;
};

enum class LineStream : std::uint8_t { out, err };

struct LogLine {
    LineStream stream = LineStream::out;
    base::TimePoint at;
    std::string text;
};

struct RunOutput {
    RunState state = RunState::absent;
    std::optional<int> exit_code;
    std::vector<LogLine> lines;
    /// Where to read on from; persist it together with the lines.
    std::uint64_t next_offset = 0;
    /// Whether more lines than were returned are there already.
    bool more = false;
};

/// A way to one TCP port on the server's loopback address, open while the object lives.
class Tunnel {
public:
    virtual ~Tunnel() = default;
    /// Path of a unix socket on this machine, readable by this user only.
    [[nodiscard]] virtual std::string socket_path() const = 0;
    /// Whether the SSH connection under it still stands.
    [[nodiscard]] virtual bool alive() const = 0;
};

/// Servers by SSH. Every call is bounded by its Call, blocks, and is thread-safe; connections are
/// kept and reused per target.
///
/// Errors: `unavailable` (no connection, refused, dropped), `timeout`, `cancelled`,
/// `unauthorized` (the client key is refused), `conflict` with code `host_key_mismatch` (another
/// host key than the pinned ones: never retried, nothing was sent), `invalid`.
class RemoteHost {
public:
    virtual ~RemoteHost() = default;
    /// Effect of a failure after sending is `unknown`: the command may still run.
    [[nodiscard]] virtual base::Result<ExecResult> exec(const SshTarget& target,
                                                        const ExecRequest& request,
                                                        const base::Call& call) = 0;
    /// Writes a small file atomically, with its mode from the first byte on.
    [[nodiscard]] virtual base::Result<void> put_file(const SshTarget& target,
                                                      const base::Secret& content,
                                                      const std::string& remote_path, int mode,
                                                      const base::Call& call) = 0;
    /// Sends a large file; goes on where a broken transfer ended; a file that is there with the
    /// right sum is left alone. `invalid` when the sum is wrong in the end (the file is removed).
    [[nodiscard]] virtual base::Result<void> upload(const SshTarget& target, const FileUpload& file,
                                                    const base::Call& call) = 0;
    /// Starts the script detached, or adopts the run that has this id. Returns its state.
    [[nodiscard]] virtual base::Result<RunState> start_run(const SshTarget& target,
                                                           const ScriptRun& run,
                                                           const base::Call& call) = 0;
    /// Reads whole log lines from `offset` on; waits up to `patience` for news when there is none.
    [[nodiscard]] virtual base::Result<RunOutput> read_run(const SshTarget& target,
                                                           const std::string& run_id,
                                                           std::uint64_t offset,
                                                           base::Milliseconds patience,
                                                           const base::Call& call) = 0;
    /// Ends a run and what it started; no error when it is gone already.
    [[nodiscard]] virtual base::Result<void> stop_run(const SshTarget& target,
                                                      const std::string& run_id,
                                                      const base::Call& call) = 0;
    [[nodiscard]] virtual base::Result<std::unique_ptr<Tunnel>> open_tunnel(
        const SshTarget& target, std::uint16_t remote_port, const base::Call& call) = 0;
    /// Closes kept connections to the target (its key changed, or it is gone).
    virtual void forget(const SshTarget& target) = 0;
};

}  // namespace hatchery::ports
