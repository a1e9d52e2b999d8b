#pragma once

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "core/server.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

// How a server's row ends, for all who may end one. Within a transaction; they throw SqlFailure.

/// Locks the bot of a server until the transaction ends: no operation can begin on it meanwhile.
/// False when there is no such server, or it is one by hand. What else is to be known is read
/// afterwards: a statement that waits for the lock reads the rest as it was before.
[[nodiscard]] bool lock_bot_of(Sql& sql, const base::ServerId& server);

/// Who has a server of a bot.
struct ServerUse {
    base::BotId bot;
    core::ServerState state = core::ServerState::planned;
    /// An operation works on it.
    bool worked_on = false;
    /// The bot, which lives, has it now.
    bool in_use = false;
};
/// The server must exist.
[[nodiscard]] ServerUse use_of(Sql& sql, const base::ServerId& server);

/// The server is proven gone: its row and its deployment end, and its keys are forgotten. False
/// when there is no such server.
bool end_server(Sql& sql, const base::ServerId& server, base::TimePoint now);
/// The same of a server by hand; false when it has ended already, or is none.
bool end_hand_server(Sql& sql, const base::ServerId& server, base::TimePoint now);

}  // namespace hatchery::store
