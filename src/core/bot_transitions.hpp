#pragma once

#include <optional>
#include <string>

#include "core/bot.hpp"
#include "core/operation.hpp"

namespace hatchery::core {

/// How an operation changes its bot; unset members stay as they are.
struct BotChange {
    std::optional<BotStatus> status;
    /// Outer: whether it changes; inner: the new condition or none.
    std::optional<std::optional<BotCondition>> condition;
    std::optional<std::string> reason;
    /// The bot leaves its user's list and its secrets are deleted in the same transaction.
    bool deleted = false;
    /// The bot has no server from now on: what remains of one is the reaper's.
    bool abandons_server = false;
};

/// When the operation is accepted.
[[nodiscard]] BotChange on_operation_started(OperationKind kind);
/// When it ends as `ending`; `reason` is the error's sentence, or empty.
[[nodiscard]] BotChange on_operation_ended(OperationKind kind, OperationState ending,
                                           const std::string& reason);

/// Whether a bot in this status takes the operation now; otherwise the sentence why not.
/// `has_server` tells whether a deployment is there.
[[nodiscard]] std::optional<std::string> why_not(OperationKind kind, BotStatus status,
                                                 bool has_server);

}  // namespace hatchery::core
