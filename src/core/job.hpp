#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/ids.hpp"

namespace hatchery::core {

/// One kind of job; src/engine/steps has one file for each.
enum class StepKind : std::uint8_t {
    provision_server,
    install_dependencies,
    deploy_openclaw,
    configure_bot,
    start_bot,
    stop_bot,
    destroy_server,
    remove_webhook,
    chat_turn,
    stop_turn,
};

/// State of one persisted step.
///
///     available ──claim──► running ──apply──► succeeded | failed | cancelled
///         ▲                  │ ▲
///         └──rescue, retry───┤ └──claim── waiting (when run_at has come)
///                            └──snooze──► waiting
enum class JobState : std::uint8_t {
    available,  ///< can be claimed once run_at has come; left by a claim
    running,    ///< a worker holds its lease; left by that worker's apply, or by rescue
    waiting,    ///< snoozed; left by a claim once run_at has come (a signal brings run_at forward)
    succeeded,  ///< ended
    failed,     ///< ended: gave up
    cancelled,  ///< ended: the operation was cancelled or turned to teardown
};

struct Job {
    base::JobId id;
    base::OperationId operation_id;
    base::BotId bot_id;
    StepKind step = StepKind::provision_server;
    JobState state = JobState::available;
    int priority = 0;
    /// What a worker must offer to run it, see core/requirements.hpp: a JSON object as text.
    std::string requirements = "{}";
    /// Its place in line while it is available, see core/line.hpp.
    base::TimePoint queue_at;
    /// Why no live worker can run it; empty while one can, or nobody has looked yet.
    std::string blocked_reason;
    /// Runs that failed; waiting and rescues do not count.
    int failures = 0;
    /// Times a dead worker's lease ran out on it.
    int rescues = 0;
    base::TimePoint run_at;
    std::optional<std::string> signal;
    /// What is waited for, or what the last run said; one sentence.
    std::string message;
    /// The step's own memory between runs: a JSON object as text.
    std::string progress = "{}";
    base::TimePoint created_at;
    std::optional<base::TimePoint> started_at;
    std::optional<base::TimePoint> finished_at;
};

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::StepKind> {
    using E = hatchery::core::StepKind;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::provision_server, "provision_server"},
         {E::install_dependencies, "install_dependencies"},
         {E::deploy_openclaw, "deploy_openclaw"},
         {E::configure_bot, "configure_bot"},
         {E::start_bot, "start_bot"},
         {E::stop_bot, "stop_bot"},
         {E::destroy_server, "destroy_server"},
         {E::remove_webhook, "remove_webhook"},
         {E::chat_turn, "chat_turn"},
         {E::stop_turn, "stop_turn"}});
};
template <>
struct hatchery::base::EnumNames<hatchery::core::JobState> {
    using E = hatchery::core::JobState;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::available, "available"},
                                                       {E::running, "running"},
                                                       {E::waiting, "waiting"},
                                                       {E::succeeded, "succeeded"},
                                                       {E::failed, "failed"},
                                                       {E::cancelled, "cancelled"}});
};
