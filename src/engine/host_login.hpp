#pragma once

#include "base/result.hpp"
#include "core/server.hpp"
#include "engine/step_context.hpp"
#include "ports/remote_host.hpp"

namespace hatchery::engine {

/// How to log in to a server: its pinned host keys and its own client key.
[[nodiscard]] base::Result<ports::SshTarget> ssh_target(StepContext& context,
                                                        const core::Server& server);

/// The bot's server and the way into it; `not_found` when the bot has none.
struct HostLogin {
    core::Server server;
    ports::SshTarget target;
};
[[nodiscard]] base::Result<HostLogin> login_of_bot(StepContext& context);

/// Whether the error says that the machine showed a host key which nobody planted.
[[nodiscard]] bool is_host_key_mismatch(const base::Error& error);
/// The same as an error that is never tried again.
[[nodiscard]] base::Error host_key_refused(const core::Server& server);
/// A failed call to a server, made final if the reason is an unknown host key.
[[nodiscard]] core::StepOutcome host_failed(const core::Server& server, base::Error error);

}  // namespace hatchery::engine
