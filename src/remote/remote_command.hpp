#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "ports/remote_host.hpp"
#include "remote/call_wait.hpp"
#include "remote/ssh_session.hpp"

namespace hatchery::remote {

/// Gives a command's standard input piece by piece; an empty piece is its end. A piece stays valid
/// until the next one is asked for.
using NextInput = std::function<base::Result<std::string_view>()>;

struct RemoteCommand {
    std::string command;
    NextInput input;
    /// Of each of the two streams; what comes beyond is read and dropped.
    std::size_t max_output_bytes = 1U << 20U;
};

/// Input that is in memory as a whole; the text must outlive the command.
[[nodiscard]] NextInput input_of(std::string_view text);

/// Runs one command on a channel and waits for its end. The request leaves on a channel that
/// is open already, so a command costs one round trip, and one with input two: sshd makes room for
/// input only when it has taken the command. An error's effect is
/// `unknown` once the request may have left; the session is unusable after any error.
[[nodiscard]] base::Result<ports::ExecResult> run_command(SshSession& session, SshChannel* channel,
                                                          const RemoteCommand& command,
                                                          const CallWait& wait);

}  // namespace hatchery::remote
