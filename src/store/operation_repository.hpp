#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/job.hpp"
#include "core/operation.hpp"
#include "store/database.hpp"
#include "store/page.hpp"

namespace hatchery::store {

/// One step as its user sees it: those that ran or run, then those that are still to come.
struct StepView {
    core::StepKind kind;
    core::OperationPhase phase = core::OperationPhase::forward;
    /// A step that an ended operation never reached is `cancelled`.
    core::OperationState state = core::OperationState::pending;
    /// Its run's number, from one; zero before the first.
    int attempt = 0;
    std::optional<base::TimePoint> started_at;
    std::optional<base::TimePoint> finished_at;
    std::string message;
};

struct OperationView {
    core::Operation operation;
    std::vector<StepView> steps;
};

/// An operation of any kind as a job of the HTTP API.
struct JobView {
    core::Operation operation;
    int priority = 0;
    /// A JSON object as text.
    std::string requirements = "{}";
    /// What its step waits for, or said last.
    std::string message;
    /// Why no live worker can run it; empty when that is not so.
    std::string blocked_reason;
    /// A chat that was looked at and whose turn has not begun.
    bool awaits_turn = false;
};

/// A chat's answer may have a megabyte, and a page two hundred of them.
inline constexpr int job_page_bytes = 4 << 20;

/// Which jobs of a user; unset members mean any.
struct JobQuery {
    base::UserId user;
    std::optional<core::OperationKind> kind;
    /// `running` finds the waiting ones too, but not chats that await their turn: those are
    /// `pending`.
    std::optional<core::OperationState> state;
    std::optional<base::BotId> bot;
    std::optional<std::string> after;
    int limit = 50;
};

/// Reads operations for the API. Thread-safe. `owner` unset means anybody's. Somebody else's
/// operation is `not_found`.
class OperationRepository {
public:
    virtual ~OperationRepository() = default;
    [[nodiscard]] virtual base::Result<OperationView> find(
        const base::OperationId& id, const std::optional<base::UserId>& owner) = 0;
    /// The bot's latest operation that was made before this id and is no chat; looked for among the
    /// fifty latest, since chats may be many. `before` is a UUID in the order of its making.
    [[nodiscard]] virtual base::Result<std::optional<core::Operation>> latest_before(
        const base::BotId& bot, const std::string& before) = 0;

    /// Of this user, or of anybody.
    [[nodiscard]] virtual base::Result<JobView> find_job(
        const base::OperationId& id, const std::optional<base::UserId>& owner) = 0;
    /// Newest first. A page may have fewer jobs than asked for and still a next one: payloads and
    /// results of all of them together are at most job_page_bytes, or it has one job only.
    /// `invalid` for a cursor that is none.
    [[nodiscard]] virtual base::Result<Page<JobView>> list_jobs(const JobQuery& query) = 0;

    /// The median time of the latest deploys that succeeded, anybody's; nothing before the first.
    [[nodiscard]] virtual base::Result<std::optional<std::chrono::seconds>> typical_deploy() = 0;
};

[[nodiscard]] std::unique_ptr<OperationRepository> make_operation_repository(Database& database);

}  // namespace hatchery::store
