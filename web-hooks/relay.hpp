#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "ports/fleet_store.hpp"
#include "store/inbox_repository.hpp"
#include "web-hooks/bot_lines.hpp"

namespace hatchery::web_hooks {

/// What the relay works with. All outlive it; all are thread-safe.
struct RelayPorts {
    store::InboxRepository& inbox;
    ports::FleetStore& fleet;
    BotLines& lines;
    base::Clock& clock;
    base::Random& random;
};

struct RelayOptions {
    /// Deliveries under way at once.
    int threads = 8;
    /// Longest sleep of an idle relay: the guarantee behind the hints.
    base::Milliseconds poll_every{1'000};
    /// Limit of one delivery, opening the tunnel included.
    base::Milliseconds delivery_limit{15'000};
    /// After this another process may take the update, and the rest of its chat, from one that was
    /// killed; longer than delivery_limit by the time that a claimed update may wait for a thread.
    base::Milliseconds lease_for{25'000};
    /// Delivered updates are kept so long, because Telegram may send one again for 24 h.
    base::Milliseconds keep_delivered{48LL * 60 * 60 * 1000};
    /// Those that were given up, so that somebody can look why.
    base::Milliseconds keep_dead{7LL * 24 * 60 * 60 * 1000};
};

/// Takes updates out of the inbox and hands them to the bots' servers: in order within a chat, at
/// least once, again while a bot restarts, until core/relay_policy says that it is enough. A
/// delivery that a crash cuts is made again when its lease has run out.
class Relay {
public:
    virtual ~Relay() = default;
    /// Starts the threads and returns.
    virtual void start() = 0;
    /// The inbox has something: looks at once. Thread-safe, never blocks.
    virtual void hint() = 0;
    /// The bot's state changed: when it has come up, what waits for it is tried at once.
    /// Thread-safe, never blocks.
    virtual void bot_changed(const base::BotId& bot) = 0;
    /// Takes nothing more, cuts deliveries under way and gives them back. Blocks until they are.
    virtual void stop() = 0;
};

[[nodiscard]] std::unique_ptr<Relay> make_relay(const RelayPorts& ports, RelayOptions options = {});

}  // namespace hatchery::web_hooks
