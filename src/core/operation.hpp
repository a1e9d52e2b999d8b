#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

namespace hatchery::core {

/// What somebody asked for.
enum class OperationKind : std::uint8_t {
    deploy,
    stop,
    start,
    restart,
    reconfigure,
    destroy,
    chat
};

/// Operations and the steps shown for them share these states.
enum class OperationState : std::uint8_t {
    pending,    ///< created; left when its first job is claimed
    running,    ///< a job is being run or will be at once; left by waiting or the end
    waiting,    ///< its job waits for time or a signal; left when that comes
    succeeded,  ///< ended
    failed,     ///< ended; `error` says why
    cancelled,  ///< ended because a user asked
};

/// An operation goes forward, and when it fails or is cancelled it may go back once.
enum class OperationPhase : std::uint8_t {
    forward,   ///< along its own steps
    teardown,  ///< removing what it made; its cause is kept and becomes its end
};

struct Operation {
    base::OperationId id;
    base::BotId bot_id;
    base::UserId user_id;
    OperationKind kind = OperationKind::deploy;
    OperationState state = OperationState::pending;
    OperationPhase phase = OperationPhase::forward;
    /// What the kind needs to know, a JSON object as text: a chat's message.
    std::string payload = "{}";
    /// What it came to, JSON as text: a chat's reply.
    std::optional<std::string> result;
    bool cancel_requested = false;
    base::TimePoint created_at;
    base::TimePoint deadline_at;
    std::optional<base::TimePoint> started_at;
    std::optional<base::TimePoint> finished_at;
    /// The X-Request-Id of the request that asked for it; empty for none.
    std::string request_id;
    /// Set as soon as the operation is known to fail, also while it still tears down.
    std::optional<base::Error> error;
};

[[nodiscard]] constexpr bool is_terminal(OperationState state) {
    return state == OperationState::succeeded || state == OperationState::failed ||
           state == OperationState::cancelled;
}

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::OperationKind> {
    using E = hatchery::core::OperationKind;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::deploy, "deploy"},
                                                       {E::stop, "stop"},
                                                       {E::start, "start"},
                                                       {E::restart, "restart"},
                                                       {E::reconfigure, "reconfigure"},
                                                       {E::destroy, "destroy"},
                                                       {E::chat, "chat"}});
};
template <>
struct hatchery::base::EnumNames<hatchery::core::OperationState> {
    using E = hatchery::core::OperationState;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::pending, "pending"},
                                                       {E::running, "running"},
                                                       {E::waiting, "waiting"},
                                                       {E::succeeded, "succeeded"},
                                                       {E::failed, "failed"},
                                                       {E::cancelled, "cancelled"}});
};
template <>
struct hatchery::base::EnumNames<hatchery::core::OperationPhase> {
    using E = hatchery::core::OperationPhase;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::forward, "forward"}, {E::teardown, "teardown"}});
};
