#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/call.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "ports/fleet_store.hpp"
#include "ports/http_transport.hpp"
#include "ports/remote_host.hpp"

namespace hatchery::web_hooks {

struct BotLineOptions {
    std::uint16_t ssh_port = 22;
    /// A tunnel that carried nothing for so long is closed.
    base::Milliseconds idle_limit{5 * 60 * 1000};
    /// Tunnels open at once; beyond it the one that was used longest ago goes.
    std::size_t max_open = 256;
    /// After a failed try to reach a server, further tries fail at once for this long, so that one
    /// silent server does not hold the threads that serve the others.
    base::Milliseconds rest_after_failure{1'000};
};

/// The ways from here to OpenClaw's webhook listener on bots' servers: SSH tunnels, kept while
/// they are in use. Thread-safe; calls block within their Call.
class BotLines {
public:
    virtual ~BotLines() = default;
    /// Hands the update's bytes to the bot's listener and answers its status. Errors besides the
    /// transport's: `not_found` when the bot is deleted (code `bot_gone`), `unavailable` when it
    /// has no server that is ready. After a failure that may lie in the connection the next call
    /// makes a new one.
    [[nodiscard]] virtual base::Result<int> post(const base::BotId& bot, const std::string& body,
                                                 const base::Call& call) = 0;
    /// Closes tunnels that have been idle for too long.
    virtual void close_idle() = 0;
    /// Tunnels open at the moment.
    [[nodiscard]] virtual std::size_t open_count() const = 0;
};

/// What it is given must outlive it.
[[nodiscard]] std::unique_ptr<BotLines> make_bot_lines(ports::FleetStore& fleet,
                                                       ports::RemoteHost& hosts,
                                                       ports::HttpTransport& http,
                                                       base::Clock& clock,
                                                       BotLineOptions options = {});

}  // namespace hatchery::web_hooks
