#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/operation.hpp"
#include "core/queue_status.hpp"
#include "core/stuck.hpp"
#include "store/database.hpp"
#include "store/page.hpp"

namespace hatchery::store {

/// A live operation of any user, and why it does not go on if it does not.
struct LiveOperation {
    core::Operation operation;
    std::string bot_name;
    /// Its live job, if it has one.
    std::optional<core::StepKind> step;
    std::string message;
    std::optional<core::StuckFacts> stuck;
};

enum class Which : std::uint8_t { all, stuck };

/// The live operations across all bots, for operators. Thread-safe.
class OperationOverview {
public:
    virtual ~OperationOverview() = default;
    /// Oldest first; `after` is the id of the last one of the page before, else `invalid`.
    [[nodiscard]] virtual base::Result<Page<LiveOperation>> list(
        Which which, const core::StuckLimits& limits, base::TimePoint now,
        const std::optional<std::string>& after, int limit) = 0;
    /// What was last counted of the queue, by whichever process counts for all; nothing before.
    [[nodiscard]] virtual base::Result<std::optional<core::QueueStatus>> queue() = 0;
};

[[nodiscard]] std::unique_ptr<OperationOverview> make_operation_overview(Database& database);

/// $1 whether only stuck ones, $2 to $4 the moments that the limits count from (deadline, lease,
/// due), $5 after, $6 how many.
[[nodiscard]] const std::string& live_operations_statement();

}  // namespace hatchery::store
